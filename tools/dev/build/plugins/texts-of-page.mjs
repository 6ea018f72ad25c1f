// Makes each page of apps/page fetch only the texts that it shows. The plugin replaces apps/page/src/text/texts-of.ts by many modules, in
// each language one for each page and one for each part that loads later. A module contains sections of the language's file.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { transform } from 'esbuild';

/** Sections that only one page shows. Sections that are neither here nor in PARTS are on every page. */
export const SECTIONS = {
  write: ['write', 'places', 'topics', 'send', 'link', 'signIn'],
  verify: ['checks', 'verify'],
  status: ['status'],
};
/** The sections of each part that loads later. */
export const PARTS = { residence: ['residence'], agents: ['agents'] };
const GROUPS = { ...SECTIONS, ...PARTS };
export const DEFAULT_LANGUAGE = 'en';

/** Returns the codes of the languages, such as `es`. @param {string} sources the path of apps/page/src */
export async function languagesIn(sources) {
  return (await readdir(join(sources, 'text/languages'))).map((name) => name.replace(/\.ts$/, '')).sort();
}

/** Returns the name of the module with the texts of a page or part in a language: `write_es`. */
export const nameOfTexts = (group, language) => `${group}_${language}`;

/**
 * @param {string} sources the path of apps/page/src
 * @param {readonly string[]} languages
 * @returns {import('esbuild').Plugin}
 */
export const textsOfPage = (sources, languages) => ({
  name: 'texts-of-page',
  setup(build) {
    const fileOf = (language) => join(sources, 'text/languages', `${language}.ts`);
    build.onLoad({ filter: /[\\/]apps[\\/]page[\\/]src[\\/]text[\\/]texts-of\.ts$/ }, () => {
      const loaders = Object.keys(GROUPS).flatMap((group) => languages.map((language) => nameOfTexts(group, language)));
      return {
        contents: `const loaders = {${loaders.map((name) => `${name}: () => import("texts:${name}")`).join(', ')}};
export const initial = {};
export const textsOf = async (group, language) => (await loaders[group + "_" + language]()).default;
export const textsOfPart = textsOf;\n`,
        loader: 'js',
      };
    });
    build.onResolve({ filter: /^texts:/ }, ({ path }) => ({ path: path.slice('texts:'.length), namespace: 'texts' }));
    build.onLoad({ filter: /./, namespace: 'texts' }, async ({ path }) => {
      const [group, language] = path.split('_');
      const file = fileOf(language);
      const { code } = await transform(await readFile(file, 'utf8'), { loader: 'ts', format: 'esm' });
      const { default: whole } = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
      const elsewhere = Object.entries(GROUPS).flatMap(([of, sections]) => (of === group ? [] : sections));
      const isOwn = (section) => (group in PARTS ? PARTS[group].includes(section) : !elsewhere.includes(section));
      const own = Object.entries(whole).filter(([section]) => isOwn(section));
      return { contents: JSON.stringify(Object.fromEntries(own)), loader: 'json', watchFiles: [file] };
    });
  },
});
