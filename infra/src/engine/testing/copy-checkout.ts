import { cpSync, symlinkSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

/** What is not copied, because it is not in git or the program does not need it. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  '.cache',
  '.dev',
  '.git',
  '.nx',
  'dist',
  'docs',
  'node_modules',
  'test',
]);

/** Copies this checkout into an empty folder, with a link to its packages. */
export function copyCheckout(folder: string): void {
  const root = workspaceRoot();
  const isWanted = (path: string): boolean => !LEFT_OUT.has(relative(root, path)) && basename(path) !== 'node_modules';
  cpSync(root, folder, { recursive: true, filter: isWanted });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}
