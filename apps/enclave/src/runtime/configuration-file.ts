import { readFileSync } from 'node:fs';

/** The process ends with exit code 78 and this list of everything that is wrong. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** @throws ConfigurationError */
export function readConfigurationFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigurationError([`${path} cannot be read`]);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigurationError([`${path} is not JSON`]);
  }
}
