import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface ManifestFile {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly executable: boolean;
}

export interface Manifest {
  readonly version: string;
  readonly arch: string;
  readonly node: string;
  readonly files: Readonly<Record<string, ManifestFile>>;
}

/** Returns every file in the folder and below, by its path relative to the folder. */
export async function filesOf(folder: string): Promise<Record<string, ManifestFile>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .flatMap((entry) => (entry.isFile() ? [relative(folder, join(entry.parentPath, entry.name))] : []))
    .sort();
  const described = paths.map(async (path) => {
    const [bytes, { mode }] = [await readFile(join(folder, path)), await stat(join(folder, path))];
    return [
      path,
      {
        sha256: createHash('sha256').update(bytes).digest('hex'),
        sizeBytes: bytes.length,
        executable: (mode & 0o100) !== 0,
      },
    ] as const;
  });
  return Object.fromEntries(await Promise.all(described));
}
