import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

export interface Source {
  version: string;
  /** The commit that was built; `<commit>+changes` if the tree differs from it. Null if git fails. */
  commit: string | null;
}

export function sourceOf(root: string): Source {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  const head = git('rev-parse', 'HEAD');
  if (head.status !== 0) return { version, commit: null };
  const changes = git('status', '--porcelain', '--untracked-files=no');
  // If git fails, empty output does not mean that nothing has changed.
  if (changes.status !== 0) return { version, commit: null };
  return { version, commit: `${head.stdout.trim()}${changes.stdout.trim() === '' ? '' : '+changes'}` };
}
