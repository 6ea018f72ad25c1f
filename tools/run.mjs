// node tools/run.mjs <entry.ts> [arguments]: bundles a TypeScript entry with esbuild and runs it; packages stay in node_modules.
import { createHash } from 'node:crypto';
import { build } from 'esbuild';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { workerPrograms } from './dev/build/plugins/worker-programs.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(
    `This is Node ${process.versions.node}; the workspace brings a newer one along: node_modules/.bin/node tools/run.mjs ...`,
  );
  process.exit(1);
}
const cache = join(root, '.cache', 'run');
const WEEK_MS = 7 * 86_400_000;
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
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { main: resolve(entry) },
  // At the depth of the folder that it is written to: source maps are relative.
  outdir: join(cache, 'bundle'),
  outExtension: { '.js': '.mjs' },
  write: false,
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
  plugins: [workerPrograms({ root })],
});
const folder = bundleFolder(outputFiles);
process.argv.splice(1, 2, resolve(entry));
process.setSourceMapsEnabled(true);
await import(pathToFileURL(join(folder, 'main.mjs')).href);

/**
 * Named after the content, so that Node's compile cache (NODE_COMPILE_CACHE) knows the files again. Other processes may run from
 * older folders of this entry, so they stay for a week.
 * @param {import('esbuild').OutputFile[]} files
 */
function bundleFolder(files) {
  const name = `${dirname(entry).replaceAll(/[\\/]/g, '-')}-${basename(entry, '.ts')}`;
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.path} ${file.hash}\n`);
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) {
    utimesSync(folder, new Date(), new Date());
    return folder;
  }
  mkdirSync(cache, { recursive: true });
  const half = mkdtempSync(`${folder}-`);
  for (const file of files) writeFileSync(join(half, basename(file.path)), file.contents);
  try {
    renameSync(half, folder);
  } catch (error) {
    // Another process was first.
    if (!existsSync(folder)) throw error;
    rmSync(half, { recursive: true });
  }
  for (const other of readdirSync(cache)) {
    const path = join(cache, other);
    if (
      other.startsWith(`${name}-`) &&
      Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > WEEK_MS
    )
      rmSync(path, { recursive: true, force: true });
  }
  return folder;
}
