import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ParentFile } from '../render-parent-files';

/** Writes the rendered files below another root. */
export async function stage(files: Readonly<Record<string, ParentFile>>, root: string): Promise<void> {
  for (const [path, { content, mode }] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), content, { mode });
  }
}
