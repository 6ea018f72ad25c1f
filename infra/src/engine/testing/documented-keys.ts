import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

/** The rows of docs/operator/changing-keys.md; `replaced` has short types. */
export const DOCUMENTED_KEYS = readFileSync(join(workspaceRoot(), 'docs/operator/changing-keys.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, keys = '', does = '', replaced = '', back = '', source = '']) => ({
    keys: [...keys.matchAll(/`(\w+)`/g)].map(([, key]) => key),
    does,
    replaced: replaced === 'none' ? [] : replaced.split(', '),
    back,
    source,
  }))
  .filter(({ keys }) => keys.length > 0);
