import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

/** Anyone may publish a package under a free name. If a file named a package that is not installed, `npx` would run a stranger's code. */

const root = workspaceRoot();
/** Folders that programs or other projects fill. */
const LEFT_OUT = new Set(['node_modules', 'dist', 'generated', '.git', '.nx', '.cache', '.dev']);
const TEXT = new Set([
  '',
  '.ts',
  '.mts',
  '.tsx',
  '.mjs',
  '.cjs',
  '.js',
  '.json',
  '.md',
  '.html',
  '.css',
  '.yaml',
  '.yml',
  '.sh',
  '.sql',
  '.example',
  '.prisma',
]);

async function textFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : textFiles(path);
      return entry.isFile() && TEXT.has(extname(entry.name)) ? [path] : [];
    }),
  );
  return found.flat();
}

it('every command after "npx" in a file belongs to an installed package', async () => {
  const named = new Map<string, string>();
  for (const path of await textFiles(root)) {
    // Options may come before the package's name, and a version after the name.
    for (const [, name = ''] of (await readFile(path, 'utf8')).matchAll(/\bnpx(?:\s+--?[\w-]+)*\s+(@?[a-z][\w./-]*)/g))
      named.set(`${relative(root, path)}: ${name}`, name);
  }
  expect(named.size).toBeGreaterThan(10);
  expect(
    [...named].filter(([, name]) => !existsSync(join(root, 'node_modules/.bin', name))).map(([place]) => place),
  ).toEqual([]);
});
