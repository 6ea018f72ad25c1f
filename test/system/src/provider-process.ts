import { spawnService, workspaceRoot, type Service } from '@communique-tee/testing/harness';
import { SIMULATED_PROVIDERS } from '@communique-tee/test-providers';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const provider = z.object({ origin: z.string(), apiKey: z.string() });
const describedSchema = z.object({
  openai: provider,
  gemini: provider,
  anthropic: provider,
  controlUrl: z.string(),
});
export type DescribedProviders = z.infer<typeof describedSchema>;

export interface ProviderProcessOptions {
  /** Where the simulator keeps its authority and writes `providers.json`. */
  folder: string;
  logFile: string;
  /** The addresses of an earlier start, which the simulator uses again. By default it uses free ports. */
  addresses?: DescribedProviders | undefined;
  onOutput?: ((text: string) => void) | undefined;
}

/** Starts the provider simulator (test/providers) as a process and waits until it listens. @throws SupportError SERVICE_NOT_READY */
export function startProviderProcess({
  folder,
  logFile,
  addresses,
  onOutput,
}: ProviderProcessOptions): Promise<Service> {
  const portOf = (url: string) => new URL(url).port;
  return spawnService({
    command: process.execPath,
    args: [
      join(workspaceRoot(), 'tools/run.mjs'),
      join(workspaceRoot(), 'test/providers/src/main.ts'),
      '--folder',
      folder,
      ...(addresses === undefined
        ? []
        : [
            ...SIMULATED_PROVIDERS.map((each) => `--${each}-port=${portOf(addresses[each].origin)}`),
            `--control-port=${portOf(addresses.controlUrl)}`,
          ]),
    ],
    readyWhen: /^ready/m,
    logFile,
    ...(onOutput !== undefined && { onOutput }),
  });
}

/** Reads the addresses and API keys of the running simulator from `providers.json`. */
export async function readProviders(file: string): Promise<DescribedProviders> {
  return describedSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}
