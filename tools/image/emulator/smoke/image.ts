// Writes the smallest image that shows that an enclave works: kernel, init, Node and the guest program of this folder.
import { writeCpio, writeImage, type CpioInput, type WrittenImage } from '@communique-tee/eif';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { imageRuntime } from '../../build/image-runtime';
import { readLockfile } from '../../build/npm-package';
import { ensureInit } from '../../inputs/init';
import type { ImageArchitecture } from '../../inputs/lock-inputs';
import { runtimeLibraries } from '../../inputs/runtime-libraries';
import { ensureKernel } from '../../kernel/kernel';

/** Returns the entries, and before them every folder above an entry. */
function withFolders(entries: CpioInput[]): CpioInput[] {
  const folders = new Map<string, CpioInput>(
    entries.filter(({ kind }) => kind === 'directory').map((entry) => [entry.name, entry]),
  );
  for (const { name } of entries) {
    for (let above = dirname(name); above !== '.'; above = dirname(above))
      if (!folders.has(above)) folders.set(above, { kind: 'directory', name: above, mode: 0o755 });
  }
  return [...folders.values(), ...entries.filter(({ kind }) => kind !== 'directory')];
}

const folder = (name: string): CpioInput => ({ kind: 'directory', name, mode: 0o755 });
const file = (name: string, mode: number, path: string): CpioInput => ({ kind: 'file', name, mode, content: { path } });

/** In this image, init reads the NSM's time again after this many seconds. */
export const CLOCK_CHECK_SECONDS = 3;

export async function smokeImage(
  root: string,
  arch: ImageArchitecture,
  into: string,
): Promise<WrittenImage & { path: string }> {
  const kernel = (await ensureKernel(root, arch)).image;
  const init = (await ensureInit(root, arch, { clockCheckSeconds: CLOCK_CHECK_SECONDS })).file;
  const libraries = await runtimeLibraries(root, arch);
  const { node, koffi } = await imageRuntime(readLockfile(root), arch);
  execFileSync(
    process.execPath,
    [
      'tools/dev/build/build.mjs',
      'enclave',
      '--entry',
      'tools/image/emulator/smoke/guest.ts',
      '--outdir',
      join(into, 'bundle'),
    ],
    { cwd: root },
  );
  const boot = join(into, 'boot.cpio');
  const app = join(into, 'app.cpio');
  await writeCpio(
    withFolders([
      ...['dev', 'proc', 'sys', 'tmp', 'run'].map(folder),
      { kind: 'characterDevice', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      file('init', 0o755, init),
    ]),
    boot,
  );
  await writeCpio(
    withFolders([
      file('usr/bin/node', 0o755, node.path),
      ...libraries.map(({ path, file: from }) => file(path, 0o755, from)),
      file('app/main.js', 0o644, join(into, 'bundle', 'main.js')),
      file('app/koffi.node', 0o755, koffi.path),
    ]),
    app,
  );
  const path = join(into, 'smoke.eif');
  const written = await writeImage(
    {
      kernel: { path: kernel },
      cmdline: readFileSync(join(root, `image/kernel/${arch}.cmdline`), 'utf8').trim(),
      ramdisks: [{ path: boot }, { path: app }],
      metadata: {
        imageName: 'smoke',
        imageVersion: '0',
        buildTime: '1970-01-01T00:00:00Z',
        buildTool: 'tools/image/emulator/smoke',
        buildToolVersion: '0',
        operatingSystem: 'Linux',
        kernelVersion: '6.12',
        dockerInfo: null,
        customMetadata: null,
      },
      arch,
    },
    path,
  );
  return { ...written, path };
}
