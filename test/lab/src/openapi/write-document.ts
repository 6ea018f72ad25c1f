import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ENTRY = 'apps/gateway/src/edge/openapi/testing/print-document.ts';
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

export const DOCUMENT = 'docs/openapi.json';

/** Bundles and runs the gateway's code to write its OpenAPI document. @param file absolute path. @returns the document's size in bytes */
export async function writeDocument(file: string): Promise<number> {
  const root = workspaceRoot();
  // Next to node_modules, where the bundle finds the packages that it does not contain
  await mkdir(join(root, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, '.cache/openapi-'));
  try {
    const build = join(root, 'tools/dev/build/build.mjs');
    await run(process.execPath, [build, 'gateway', '--entry', ENTRY, '--outdir', folder], { cwd: root });
    const { stdout } = await run(process.execPath, [join(folder, 'main.js')], {
      cwd: folder,
      maxBuffer: MAX_DOCUMENT_BYTES,
    });
    await writeFile(file, stdout);
    return Buffer.byteLength(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}
