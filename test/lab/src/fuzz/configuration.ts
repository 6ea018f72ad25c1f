import { parseConfiguration } from '@communique-tee/enclave/configuration/configuration';
import { ConfigurationError, readConfigurationFile } from '@communique-tee/enclave/runtime/configuration-file';
import { workspaceRoot, type Draw } from '@communique-tee/testing/harness';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutateBytes, mutateValue } from './mutate';

const examples = ['example.json', 'example.production.json'].map((name) =>
  join(workspaceRoot(), 'apps/enclave/config', name),
);

/**
 * Reads a changed configuration file as the enclave does at its start. @returns the bytes of the changed file @throws every error except
 * ConfigurationError
 */
export function readChangedConfiguration(draw: Draw, file: string): Uint8Array {
  const text = readFileSync(draw.one(examples as [string, string]));
  const input = draw.chance(0.4)
    ? mutateBytes(draw, text)
    : Buffer.from(
        JSON.stringify(mutateValue(draw, JSON.parse(text.toString())), (_, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ) ?? 'null',
      );
  writeFileSync(file, input);
  try {
    parseConfiguration(readConfigurationFile(file));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
  }
  return input;
}
