import { bundleEnclave } from '../../../image/build/enclave-bundle';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { beside, type Row } from '../measure';

const MIB = 1024 * 1024;
const OF_AGENTS = /^(apps\/enclave\/src\/services\/agents|libs\/agents|libs\/protocol\/src\/agents)\//;
const metaSchema = z.object({
  outputs: z.record(z.string(), z.object({ inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })) })),
});

/** Returns the size of the enclave's production bundle, with and without the code for agents. */
export async function bundleRow(): Promise<Row[]> {
  const folder = await temporaryFolder('bench-bundle');
  try {
    const { metafile } = await bundleEnclave(workspaceRoot(), folder.path);
    const { outputs } = metaSchema.parse(JSON.parse(await readFile(metafile, 'utf8')));
    const inputs = Object.entries(outputs)
      .filter(([name]) => name.endsWith('main.js'))
      .flatMap(([, output]) => Object.entries(output.inputs));
    const sizeOf = (wanted: (name: string) => boolean) =>
      inputs.filter(([name]) => wanted(name)).reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0) / MIB;
    const without: Row = {
      what: 'enclave’s bundle without agents',
      value: sizeOf((name) => !OF_AGENTS.test(name)),
      unit: 'MiB',
    };
    return [without, beside({ what: 'enclave’s bundle', value: sizeOf(() => true), unit: 'MiB' }, without)];
  } finally {
    await folder.remove();
  }
}
