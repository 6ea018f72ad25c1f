import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { BuildError } from './build-error';

const run = promisify(execFile);

export interface EnclaveBundle {
  main: string;
  metafile: string;
  /** The license texts of the packages in the bundle. */
  licenses: string;
}

/** Writes the enclave's production bundle into `folder`, with koffi's native part for this machine's architecture. */
export async function bundleEnclave(root: string, folder: string): Promise<EnclaveBundle> {
  await bundle(root, ['enclave', '--outdir', folder]);
  return {
    main: join(folder, 'main.js'),
    metafile: join(folder, 'meta.json'),
    licenses: join(folder, 'THIRD-PARTY-LICENSES.txt'),
  };
}

const summarySchema = z.strictObject({
  stack: z.string(),
  listen: z.string(),
  custody: z.enum(['process', 'kms']),
  residence: z.union([
    z.strictObject({ mode: z.literal('off') }),
    z.strictObject({
      mode: z.enum(['optional', 'required']),
      registrar: z.string(),
      keys: z.array(z.string()),
      maxCampaignDays: z.int(),
    }),
  ]),
  agents: z.enum(['off', 'on']),
  prices: z.strictObject({ version: z.string(), sha256: z.string() }),
  secrets: z.array(z.string()),
  longestAnswerMs: z.strictObject({
    message: z.int().optional(),
    task: z.int().optional(),
    keys: z.int().optional(),
  }),
  routes: z.array(z.strictObject({ host: z.string(), port: z.int(), vsockPort: z.int() })),
  destinations: z.array(z.strictObject({ host: z.string(), port: z.int() })),
});
/** The parts of a stack's configuration that are not secret and that the parent has to know. */
export type ConfigurationSummary = z.infer<typeof summarySchema>;

/**
 * Checks a configuration with the enclave's own code, so that an image cannot contain one that its enclave would refuse.
 * @throws BuildError `configuration_invalid`
 */
export async function checkConfiguration(root: string, folder: string, file: string): Promise<ConfigurationSummary> {
  await bundle(root, ['enclave', '--entry', 'apps/enclave/src/check-configuration.ts', '--outdir', folder]);
  try {
    const { stdout } = await run(process.execPath, [join(folder, 'main.js'), file], { env: {} });
    return summarySchema.parse(JSON.parse(stdout));
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    // The first line of the output is for programs.
    throw new BuildError(
      'configuration_invalid',
      `${file}\n${said.split('\n').slice(1).join('\n').trim() || String(error)}`,
    );
  }
}

async function bundle(root: string, args: readonly string[]): Promise<void> {
  try {
    await run(process.execPath, [join(root, 'tools/dev/build/build.mjs'), ...args], { cwd: root });
  } catch (error) {
    throw new BuildError(
      'bundle_failed',
      error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error),
    );
  }
}
