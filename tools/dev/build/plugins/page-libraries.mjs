// Makes the page load only the files of libs/ that it uses, when it uses them.
//
// esbuild splits the page into chunks. A chunk loads every file that its imports reach, and through a library's index it reaches the whole
// library. So this plugin removes from each index the files that only a later chunk uses, and the later chunk imports them directly. If the
// library itself calls a function of such a file, the call loads the file.
//
// The plugin also removes texts that the browser does not use: descriptions in schemas, and the sentences in FAILURES. The page has its own
// sentences for these failures (apps/page/src/trust/check-texts.spec.ts).
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Files about tasks for models. The first chunk of the page uses none of them. */
const LATE =
  /^libs\/(protocol\/src\/(agents\/(agent-|ends|usage-statement)|congress\/template-runs)|receipts\/src\/verify-usage-statement|client\/src\/agents\/)/;
/** Has a sentence for each failure of attestation. */
const FAILURES = 'libs/attestation/src/errors.ts';
/** An import of this file's functions. They return promises, so a call can load the file first. */
const ON_CALL = /^import \{ ([\w, ]+) \} from '(\.\/agents\/tasks)';/m;
const LIBRARIES = ['protocol', 'receipts', 'client'];
const IMPORT = /^import \{([^}]*)\} from '(@communique-tee\/[a-z-]+)';/gm;
const PASSED_ON = /^export (?:\*|\{([^}]*)\}) from '(\.[^']*)';/gm;
const EXPORTED = /^export (?:async )?(?:const|function|class) (\w+)/gm;

/** @param {string} root @returns {import('esbuild').Plugin} */
export const pageLibraries = (root) => ({
  name: 'page-libraries',
  setup(build) {
    const indexes = LIBRARIES.map((name) => join(root, 'libs', name, 'src/index.ts'));
    const lateIn = (index) =>
      [...readFileSync(index, 'utf8').matchAll(PASSED_ON)]
        .map(([line, , from]) => ({ line, path: `${join(dirname(index), from)}.ts` }))
        .filter(({ path }) => LATE.test(relative(root, path)));
    const exportsOf = (path) =>
      [...readFileSync(path, 'utf8').matchAll(EXPORTED)].map(([, name]) => /** @type {const} */ ([name, path]));
    /** For each library: the exported names that only a later chunk uses, each with its file. */
    const late = new Map(
      indexes.map((index, at) => [
        `@communique-tee/${LIBRARIES[at]}`,
        new Map(lateIn(index).flatMap(({ path }) => exportsOf(path))),
      ]),
    );
    const importedDirectly = (whole, list, library, importer) => {
      const files = late.get(library);
      const names = list.split(',').map((each) => each.trim());
      const fileOf = (name) => files?.get(name.split(' ')[0]);
      if (!names.some(fileOf)) return whole;
      const rest = names.filter((name) => name !== '' && fileOf(name) === undefined);
      return [
        ...names
          .filter(fileOf)
          .map((name) => `import { ${name} } from './${relative(dirname(importer), fileOf(name))}';`),
        `import { ${rest.join(', ')} } from '${library}';`,
      ].join(' ');
    };
    build.onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
      if (!/^(libs|apps)\//.test(relative(root, path))) return undefined;
      const file = readFileSync(path, 'utf8');
      const source = relative(root, path) === FAILURES ? withoutSentences(file) : file;
      const passedOn = indexes.includes(path) ? lateIn(path).map(({ line }) => line) : [];
      const onCall = (_whole, names, from) =>
        names
          .split(', ')
          .map((name) => `const ${name} = async (...given) => (await import('${from}')).${name}(...given);`)
          .join(' ');
      const contents = withoutDescriptions(
        passedOn.reduce((text, line) => text.replace(line, ''), source).replace(ON_CALL, onCall),
      ).replaceAll(IMPORT, (whole, list, library) => importedDirectly(whole, list, library, path));
      return contents === file ? undefined : { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' };
    });
  },
});

/** Replaces each sentence of the table `ERR_…: ['step', 'sentence']` with an empty text. */
export function withoutSentences(source) {
  return source.replaceAll(/(\bERR_\w+: \[\s*'\w+',\s*)'(?:[^'\\]|\\.)*'/g, "$1''");
}

/** Removes every `.meta(…)` and `.describe(…)` of a schema. */
export function withoutDescriptions(source) {
  if (!/from 'zod'/.test(source)) return source;
  let rest = source;
  let kept = '';
  for (let found = /\.(meta|describe)\(/.exec(rest); found !== null; found = /\.(meta|describe)\(/.exec(rest)) {
    kept += rest.slice(0, found.index);
    rest = rest.slice(endOfCall(rest, found.index + found[0].length));
  }
  return kept + rest;
}

/**
 * Returns the position after the parenthesis that closes a call.
 * @param {number} at the position after the parenthesis that opens the call
 */
function endOfCall(source, at) {
  const token = /[()]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  token.lastIndex = at;
  for (let depth = 1, found = token.exec(source); found !== null; found = token.exec(source)) {
    if (found[0] === '(') depth += 1;
    if (found[0] === ')') depth -= 1;
    if (depth === 0) return token.lastIndex;
  }
  throw new Error('a call has no closing parenthesis');
}
