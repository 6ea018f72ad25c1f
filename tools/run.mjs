// node tools/run.mjs <entry.ts> [arguments]: bundles a TypeScript entry with esbuild and runs it; packages stay in node_modules.
import { build } from 'esbuild';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(
    `This is Node ${process.versions.node}; the workspace brings a newer one along: node_modules/.bin/node tools/run.mjs ...`,
  );
  process.exit(1);
}
const entry = process.argv[2];
const USAGE = 'usage: node tools/run.mjs <entry.ts> [arguments]';
if (entry === '--help' || entry === '-h') {
  console.log(USAGE);
  process.exit(0);
}
if (!entry || entry.startsWith('-') || !existsSync(resolve(entry))) {
  console.error(entry && !entry.startsWith('-') ? `there is no ${entry}` : USAGE);
  process.exit(2);
}
const folder = join(
  root,
  '.cache',
  'run',
  `${dirname(entry).replaceAll(/[\\/]/g, '-')}-${basename(entry, '.ts')}-${process.pid}`,
);
mkdirSync(folder, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: { main: resolve(entry) },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // What is imported with import() is loaded when it is needed.
  splitting: true,
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
    process.getBuiltinModule('node:fs').rmSync(folder, { recursive: true, force: true });
  } catch {
    /* the cache folder is disposable */
  }
});
process.setSourceMapsEnabled(true);
await import(pathToFileURL(join(folder, 'main.mjs')).href);
