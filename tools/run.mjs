// node tools/run.mjs <entry.ts> [arguments]: bundles a TypeScript entry with esbuild and runs it; packages stay in node_modules.
import { build } from 'esbuild';
import { mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const entry = process.argv[2];
if (!entry) {
  console.error('usage: node tools/run.mjs <entry.ts> [arguments]');
  process.exit(2);
}
const cache = join(root, '.cache', 'run');
mkdirSync(cache, { recursive: true });
const outfile = join(cache, `${dirname(entry).replaceAll(/[\\/]/g, '-')}-${basename(entry, '.ts')}-${process.pid}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [resolve(entry)],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  packages: 'external',
  tsconfig: join(root, 'tsconfig.base.json'),
  sourcemap: 'inline',
  logLevel: 'error',
});
process.argv.splice(1, 2, resolve(entry));
process.on('exit', () => {
  try {
    process.getBuiltinModule('node:fs').rmSync(outfile, { force: true });
  } catch {
    /* the cache folder is disposable */
  }
});
process.setSourceMapsEnabled(true);
await import(pathToFileURL(outfile).href);
