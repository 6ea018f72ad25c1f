// communique-tee.mjs: the command of tools/cli as one readable file, for auditors. The same sources and lockfile give the same bytes, in
// every folder and on every machine, because the file contains no time, no absolute path and no commit.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';

import { containedIn, licensesOf, packagesIn } from '../../dev/build/licenses.mjs';

export const FILE_NAME = 'communique-tee.mjs';
/** The command that builds the file in a checkout. */
export const BUILD_COMMAND = 'node tools/cli/one-file/build.mjs';
const ENTRY = 'tools/cli/one-file/main.ts';

/** The file uses zlib.crc32 and crypto.hash, which Node has since 20.15 and 22.2. The tests run on the releases that are named here. */
const NODE = '20.19, 22.12 or newer';

/**
 * Returns the first lines of the file. The rest is CommonJS, which looks up Node's modules only when they are used. So an older Node gets
 * to the version check below, and prints one clear line instead of a syntax error.
 * @param {string} version
 */
const head = (version) => `#!/usr/bin/env node
// communique-tee ${version}: verify an enclave, a receipt or an image; send a message and follow it. One file, for Node.js ${NODE}.
// node ${FILE_NAME} --help. Made from source by: ${BUILD_COMMAND}. It is not minified, so that you can read it.
// Apache License 2.0. The licenses of what it contains are at the end.
import { createRequire } from 'node:module';
{
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19) || major === 21 || (major === 22 && minor < 12)) {
    process.stderr.write(\`${FILE_NAME} needs Node.js ${NODE}; this is \${process.versions.node}. Nothing was done.\\n\`);
    process.exit(3);
  }
}
const require = createRequire(import.meta.url);
const __url = import.meta.url;`;

const THIRD_PARTY = `THIRD-PARTY LICENSES

This file contains these packages, under these licenses.
`;

/**
 * @typedef {object} VerifierFile
 * @property {string} name
 * @property {string} version the version in package.json
 * @property {string} sha256 the SHA-256 of the file, 64 hexadecimal digits
 * @property {Buffer} bytes
 * @property {string[]} inputs absolute paths of the sources
 * @property {string[]} packages names of the npm packages that are part of the file
 */

/**
 * @param {string} root the checkout
 * @param {string} [packages] the folder with esbuild and the packages that the file contains, at the versions of package-lock.json
 * @returns {Promise<VerifierFile>}
 * @throws Error if a package is missing or has another version
 */
export async function bundleVerifier(root, packages = join(root, 'node_modules')) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  /** @type {typeof import('esbuild')} */
  const { build } = createRequire(join(packages, FILE_NAME))('esbuild');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [ENTRY],
    outfile: join(root, 'dist/auditors', FILE_NAME),
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    tsconfig: join(root, 'tsconfig.base.json'),
    nodePaths: [packages],
    preserveSymlinks: true,
    define: { 'import.meta.url': '__url' },
    banner: { js: head(version) },
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    logLevel: 'silent',
  });
  const inputs = Object.keys(metafile.inputs).map((path) => join(root, path));
  const lock = lockOf(root);
  for (const name of ['esbuild', ...packagesIn(inputs)]) requireLocked(lock, packages, name);
  const elsewhere = inputs.find((path) => path.includes('node_modules') && !path.startsWith(packages + sep));
  if (elsewhere !== undefined)
    throw new Error(`${elsewhere} is not in ${packages}: move the checkout out of the folder that has these packages`);
  // esbuild writes the paths of modules into the file, so name them as if the packages were in node_modules.
  const text = outputFiles[0].text.replaceAll(`${relative(root, packages).replaceAll(sep, '/')}/`, 'node_modules/');
  const bytes = Buffer.from(
    `${text}\n/*\n${THIRD_PARTY}\n${licensesOf(packages, packagesIn(containedIn(metafile))).replaceAll('*/', '* /')}*/\n`,
  );
  return {
    name: FILE_NAME,
    version,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes,
    inputs,
    packages: packagesIn(inputs),
  };
}

/**
 * @param {ReturnType<typeof lockOf>} lock
 * @param {string} packages
 * @param {string} name
 */
function requireLocked(lock, packages, name) {
  const { version } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
  const locked = lock[`node_modules/${name}`]?.version;
  if (version !== locked)
    throw new Error(`${packages} holds ${name} ${version}, and package-lock.json pins ${locked ?? 'none'}: run npm ci`);
}

/**
 * @param {string} root
 * @returns {Record<string, { version: string, dependencies?: object, optionalDependencies?: object }>} by path
 */
export function lockOf(root) {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
}

/**
 * Writes the file and its hash, in the form of sha256sum, beside it.
 * @param {VerifierFile} file
 * @param {string} folder created if it is missing
 * @returns {string} the path of the file
 */
export function writeVerifier({ name, bytes, sha256 }, folder) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, bytes);
  chmodSync(path, 0o755);
  writeFileSync(`${path}.sha256`, `${sha256}  ${name}\n`);
  return path;
}
