import { ProtocolError, decodeJson } from '@communique-tee/protocol';
import { readFileSync } from 'node:fs';

/** The configuration is wrong. The process prints all problems and ends with exit code 78. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** @throws ConfigurationError */
export function readConfigurationFile(path: string): unknown {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new ConfigurationError([`${path} cannot be read`]);
  }
  try {
    return decodeJson(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ConfigurationError([`${path} cannot be used: ${error.message}`]);
  }
}
