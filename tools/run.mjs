// node tools/run.mjs <entry.ts> [arguments]: bundles a TypeScript entry with esbuild, without its packages, and runs it. Bundling takes
// about a second, so the bundle is kept until one of its sources changes.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(
    `This is Node ${process.versions.node}; the workspace installs a newer one: node_modules/.bin/node tools/run.mjs ...`,
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
const name = `${dirname(entry).replaceAll(/[\\/]/g, '-')}-${basename(entry, '.ts')}`;
const recordFile = join(cache, `${name}.json`);
const folder = keptBundle() ?? (await newBundle());
process.argv.splice(1, 2, resolve(entry));
process.setSourceMapsEnabled(true);
await import(pathToFileURL(join(folder, 'main.mjs')).href);

/**
 * Returns the folder of the last bundle of this entry; undefined if one of its sources has changed since. It does not notice a new file
 * that esbuild would now choose in place of a bundled one.
 * @returns {string | undefined}
 */
function keptBundle() {
  try {
    const { bundle, inputs } = JSON.parse(readFileSync(recordFile, 'utf8'));
    for (const [path, state] of Object.entries(inputs)) if (stateOf(path) !== state) return undefined;
    const kept = join(cache, bundle);
    utimesSync(kept, new Date(), new Date());
    return kept;
  } catch {
    // There is no record yet, or a source or the bundle is gone.
    return undefined;
  }
}

/** @param {string} path relative to the root @returns {string} a text that differs after every change of the file */
function stateOf(path) {
  const { mtimeMs, size, ino } = statSync(join(root, path));
  return `${mtimeMs} ${size} ${ino}`;
}

/** @returns {Promise<string>} the folder of the new bundle */
async function newBundle() {
  const { build } = await import('esbuild');
  const { workerPrograms } = await import('./dev/build/plugins/worker-programs.mjs');
  // The bundle also depends on this program and its plugin, the aliases, and the installed packages.
  const inputs = new Set([
    'tools/run.mjs',
    'tools/dev/build/plugins/worker-programs.mjs',
    'tsconfig.base.json',
    'node_modules/.package-lock.json',
  ]);
  const begun = Date.now();
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: resolve(entry) },
    // Not the bundle's real folder, but as deep: paths in source maps are relative.
    outdir: join(cache, 'bundle'),
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    metafile: true,
    // With splitting, Node loads code behind import() only when it is needed.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    packages: 'external',
    tsconfig: join(root, 'tsconfig.base.json'),
    sourcemap: 'inline',
    logLevel: 'error',
    plugins: [workerPrograms({ root, onInput: (path) => inputs.add(relative(root, path)) })],
  });
  for (const path of Object.keys(metafile.inputs)) inputs.add(path);
  const bundle = bundleFolder(outputFiles);
  record(bundle, [...inputs], begun);
  return bundle;
}

/** Writes the record for keptBundle. If a source changed while esbuild ran, writes none: esbuild may have read the older content. */
function record(bundle, inputs, begun) {
  try {
    for (const path of inputs) if (statSync(join(root, path)).mtimeMs >= begun) return;
    const half = `${recordFile}-${process.pid}`;
    const states = Object.fromEntries(inputs.map((path) => [path, stateOf(path)]));
    writeFileSync(half, JSON.stringify({ bundle: basename(bundle), inputs: states }));
    renameSync(half, recordFile);
  } catch {
    // The next start bundles again.
  }
}

/**
 * Writes the files into a folder that is named after their content, so that Node's compile cache (NODE_COMPILE_CACHE) recognizes them.
 * Other processes may run from older folders of this entry, so these stay for a week.
 * @param {import('esbuild').OutputFile[]} files
 */
function bundleFolder(files) {
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
    // Another process was faster.
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
