// The license texts of npm packages that a bundle holds: they have to go where the bundle goes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The npm packages among the inputs of a bundle, sorted by name.
 * @param {string[]} inputs paths, as esbuild's metafile or an absolute path names them
 */
export function packagesIn(inputs) {
  const names = inputs.flatMap(
    (path) => /^(?:.*[\\/])?node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path)?.[1] ?? [],
  );
  return [...new Set(names.map((name) => name.replace('\\', '/')))].sort();
}

/**
 * Each text once, under the names of the packages that it is of.
 * @param {string} packages the node_modules folder
 * @param {string[]} names of packages in it
 * @throws Error where a package brings no license text
 */
export function licensesOf(packages, names) {
  /** @type {Map<string, string[]>} */
  const titles = new Map();
  for (const name of names) {
    const folder = join(packages, name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e(\.|$)/i.test(each));
    if (file === undefined) throw new Error(`${name} has no license file`);
    const text = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
    titles.set(text, [...(titles.get(text) ?? []), `${name} ${version}`]);
  }
  return [...titles].map(([text, of]) => `${of.join(', ')}\n\n${text}\n`).join(`\n${'-'.repeat(78)}\n\n`);
}
