// The license texts of the npm packages in a bundle, which must be distributed with it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const LICENSES_FILE = 'THIRD-PARTY-LICENSES.txt';

/**
 * Returns the npm packages among the inputs of a bundle, sorted.
 * @param {string[]} inputs paths, absolute or as in esbuild's metafile
 * @returns {string[]} folders below node_modules, such as `zod` or `a/node_modules/b`
 */
export function packagesIn(inputs) {
  const places = inputs.flatMap((path) => {
    const [, place] =
      /(?:^|\/)node_modules\/((?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)/.exec(path.replaceAll('\\', '/')) ?? [];
    return place ?? [];
  });
  return [...new Set(places)].sort();
}

/**
 * Returns the inputs that contribute at least one byte to a bundle.
 * @param {import('esbuild').Metafile} metafile
 */
export function containedIn({ outputs }) {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
}

/**
 * Returns each license text once, below the names of the packages that have it. NOTICE files are part of the text.
 * @param {string} nodeModules the folder node_modules
 * @param {string[]} places the folders of packages in it, as `packagesIn` returns them
 * @throws Error if a package has no license text and names no license
 */
export function licensesOf(nodeModules, places) {
  /** @type {Map<string, string[]>} */
  const titles = new Map();
  for (const place of places) {
    const folder = join(nodeModules, place);
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const texts = [/^licen[cs]e(\.|-|$)/i, /^notice(\.|$)/i].flatMap((pattern) =>
      readdirSync(folder)
        .filter((file) => pattern.test(file))
        .sort()
        .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim()),
    );
    if (texts.length === 0 && typeof license !== 'string') throw new Error(`${name} names no license`);
    const text = texts.length === 0 ? `${license}. The package brings no license text.` : texts.join('\n\n');
    titles.set(text, [...(titles.get(text) ?? []), `${name} ${version}`]);
  }
  return [...titles].map(([text, of]) => `${of.join(', ')}\n\n${text}\n`).join(`\n${'-'.repeat(78)}\n\n`);
}

/** Packages that are copied beside a bundle, by folder or file name. The bundler does not list their files. */
const BESIDE = {
  'swagger-ui': 'swagger-ui-dist',
  'node_modules/@prisma/schema-engine-wasm': '@prisma/schema-engine-wasm',
};

/**
 * Writes THIRD-PARTY-LICENSES.txt beside a bundle.
 * @param {string} root the checkout
 * @param {import('esbuild').Metafile} metafile the metafile of the bundle
 * @param {string} folder the folder of the bundle
 */
export function writeLicenses(root, metafile, folder) {
  const beside = Object.entries(BESIDE).flatMap(([path, name]) => (existsSync(join(folder, path)) ? [name] : []));
  const places = [...new Set([...packagesIn(containedIn(metafile)), ...beside])].sort();
  writeFileSync(join(folder, LICENSES_FILE), licensesOf(join(root, 'node_modules'), places));
}
