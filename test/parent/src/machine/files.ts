import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Files that a system has in addition to Debian's: absolute path -> content and mode, or the target of a link. */
export type SystemFiles = Readonly<
  Record<string, { readonly content: string | Uint8Array; readonly mode: number } | { readonly link: string }>
>;

export async function layOut(files: SystemFiles, root: string): Promise<void> {
  for (const [path, file] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    if ('link' in file) await symlink(file.link, join(root, path));
    else await writeFile(join(root, path), file.content, { mode: file.mode });
  }
}
