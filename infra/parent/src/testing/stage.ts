import { accessSync, constants } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { ParentFile } from '../render-parent-files';

/** The rendered files below another root. */
export async function stage(files: Readonly<Record<string, ParentFile>>, root: string): Promise<void> {
  for (const [path, { content, mode }] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), content, { mode });
  }
}

export type Availability = { readonly available: true } | { readonly available: false; readonly reason: string };

/** Whether a command is on PATH or where only root has it; for a loud skip (describeWith). */
export function commandAvailability(command: string, debianPackage: string): Availability {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const found = folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return found ? { available: true } : { available: false, reason: `no ${command}: apt-get install ${debianPackage}` };
}
