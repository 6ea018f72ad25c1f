// Bundles a TypeScript program into one file that Node can load, because Pulumi starts only JavaScript. The program and the policy pack use it.
const { join } = require('node:path');
const { mkdirSync, readdirSync, rmSync } = require('node:fs');
const { buildSync } = require('esbuild');

const root = join(__dirname, '..');
const folder = join(root, '.cache', 'run');

/**
 * Builds and loads a bundle, then deletes its file. An exit handler could not delete it, because Pulumi ends its hosts with signals.
 * @param {string} name the bundle's name, for example `infra`
 * @param {'mjs' | 'cjs'} extension
 * @param {import('esbuild').BuildOptions} options entry point, format and packages
 * @param {(file: string) => T} load loads the file, and returns the result or a promise of the result
 * @template T
 */
function loadBundle(name, extension, options, load) {
  mkdirSync(folder, { recursive: true });
  removeLeft(name);
  const outfile = join(folder, `${name}-${process.pid}.${extension}`);
  const remove = () => rmSync(outfile, { force: true });
  buildSync({
    absWorkingDir: root,
    outfile,
    bundle: true,
    platform: 'node',
    tsconfig: join(root, 'tsconfig.base.json'),
    sourcemap: 'inline',
    logLevel: 'error',
    ...options,
  });
  try {
    const loaded = load(outfile);
    if (loaded instanceof Promise) return /** @type {T} */ (loaded.finally(remove));
    remove();
    return loaded;
  } catch (error) {
    remove();
    throw error;
  }
}

/** Deletes the bundles of processes that were killed while they loaded. */
function removeLeft(name) {
  for (const file of readdirSync(folder)) {
    const pid = new RegExp(`^${name}-(\\d+)\\.[cm]js$`).exec(file)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(folder, file), { force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

module.exports = { loadBundle, root };
