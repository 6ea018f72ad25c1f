import { execFile } from 'node:child_process';
import { copyFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';

const root = workspaceRoot();
const SCHEMA = `import * as z from 'zod';
z.int().meta({ description: 'a (b\\'s)', example: [f(1)] }).min(1).describe("x)")`;
const FAILURES = `  ERR_A: ['chain', 'it\\'s [wrong]'],
  ERR_B: [
    'policy',
    'no',
  ],`;
const SCRIPT = `
const { buildPage } = await import('./tools/dev/build/page.mjs');
const { PARTS, SECTIONS } = await import('./tools/dev/build/plugins/texts-of-page.mjs');
const { withoutDescriptions, withoutSentences } = await import('./tools/dev/build/plugins/page-libraries.mjs');
const { files, metafile, loadedBy } = await buildPage(process.cwd());
const sources = (document, parts) => loadedBy(document, { later: true, sealOnly: true, ...parts })
  .flatMap((name) => Object.keys(metafile.outputs['dist/page/' + name]?.inputs ?? {}))
  .filter((path) => path.startsWith('apps/page/src/'));
const sizeOf = (names) => files.filter(({ name }) => names.includes(name)).reduce((sum, { gzip }) => sum + gzip.length, 0);
const sizes = { atOnce: sizeOf(loadedBy('index.html')), inAll: sizeOf(loadedBy('index.html', { later: true })),
  withProof: sizeOf(loadedBy('index.html', { later: true, proof: true })),
  withAgents: sizeOf(loadedBy('index.html', { later: true, agents: true })) };
const of = (parts) => Object.fromEntries(
  Object.entries({ write: 'index.html', verify: 'verify.html', status: 'status.html' }).map(([page, document]) => [page, sources(document, parts)]));
console.log(JSON.stringify({ PARTS, SECTIONS, sizes, loaded: of({}), withParts: of({ proof: true, agents: true }),
  schema: withoutDescriptions(${JSON.stringify(SCHEMA)}), failures: withoutSentences(${JSON.stringify(FAILURES)}),
  holds: files.some(({ bytes }) => bytes.includes('the CBOR is nested too deeply')) }));
`;

interface Built {
  readonly SECTIONS: Readonly<Record<string, readonly string[]>>;
  /** The sections of texts that belong to parts which only some visitors load. */
  readonly PARTS: Readonly<Record<string, readonly string[]>>;
  /**
   * Gzipped bytes that `/` loads. `atOnce`: immediately. `inAll`: also the client library, sign-in and results. `withProof` and
   * `withAgents`: also the proof of residence, or the help of models.
   */
  readonly sizes: Readonly<Record<'atOnce' | 'inAll' | 'withProof' | 'withAgents', number>>;
  /** For each page, the sources that its document loads at once or later, without the parts that only some visitors load. */
  readonly loaded: Readonly<Record<string, readonly string[]>>;
  readonly withParts: Readonly<Record<string, readonly string[]>>;
  /** A schema from which `withoutDescriptions` has removed the descriptions. */
  readonly schema: string;
  /** A table of failures from which `withoutSentences` has removed the sentences. */
  readonly failures: string;
  /** Whether any file of the page contains one of the library's sentences for failures. */
  readonly holds: boolean;
}

/** Returns the names of the sections that a source reads, as in `text.value.trust` or `const { trust } = text.value`. */
function sectionsReadIn(source: string): string[] {
  const direct = [...source.matchAll(/\btext\.value\.([a-zA-Z]+)/g)].map(([, name]) => name ?? '');
  const taken = [...source.matchAll(/\{([^{}]*)\}\s*=\s*text\.value\b(?!\.)/g)].flatMap(([, names]) =>
    (names ?? '').split(',').map((name) => name.split(':')[0]?.trim() ?? ''),
  );
  return [...direct, ...taken].filter((name) => name !== '');
}

let built: Built;
beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT], { cwd: root });
  built = JSON.parse(stdout) as Built;
});

it('a page fetches every text that it shows', async () => {
  const { SECTIONS, withParts } = built;
  const missing: string[] = [];
  for (const [page, sources] of Object.entries(withParts)) {
    const elsewhere = Object.entries(SECTIONS).flatMap(([of, sections]) => (of === page ? [] : sections));
    expect([page, sources.length > 5]).toEqual([page, true]);
    for (const path of sources)
      for (const section of sectionsReadIn(await readFile(join(root, path), 'utf8')))
        if (elsewhere.includes(section)) missing.push(`${page}: ${path} reads ${section}`);
  }
  expect(missing).toEqual([]);
});

it('the texts of a part that is loaded later are read only in that part', async () => {
  const { PARTS, loaded } = built;
  const later = Object.values(PARTS).flat();
  const found: string[] = [];
  for (const path of new Set(Object.values(loaded).flat()))
    for (const section of sectionsReadIn(await readFile(join(root, path), 'utf8')))
      if (later.includes(section)) found.push(`${path} reads ${section}`);
  // failure-view.tsx first checks whether these texts are loaded
  expect(found).toEqual(['apps/page/src/send/failure-view.tsx reads residence']);
});

it('the build removes descriptions, and nothing else, from schemas', () => {
  expect(built.schema).toBe("import * as z from 'zod';\nz.int().min(1)");
});

it('the build removes the library’s sentences for attestation failures, because the page has its own', () => {
  expect(built.failures).toBe("  ERR_A: ['chain', ''],\n  ERR_B: [\n    'policy',\n    '',\n  ],");
  expect(built.holds).toBe(false);
});

it('/ loads less than 90 kB at once, less than 125 kB until a receipt is shown, and less than 150 kB with proofs, or with models', () => {
  expect(built.sizes.atOnce).toBeLessThan(90_000);
  expect(built.sizes.inAll).toBeLessThan(125_000);
  expect(built.sizes.withProof).toBeLessThan(150_000);
  expect(built.sizes.withAgents).toBeLessThan(150_000);
});

it('the page offers another language as soon as its file exists', async () => {
  await using sources = await temporaryFolder('languages-');
  const languages = sources.file('text/languages');
  await cp(join(root, 'apps/page/src/text/languages'), languages, { recursive: true });
  await copyFile(join(languages, 'es.ts'), join(languages, 'vi.ts'));
  const script = `
    const { build } = await import('esbuild');
    const { languagesIn, textsOfPage } = await import('./tools/dev/build/plugins/texts-of-page.mjs');
    const [sources, outfile] = process.argv.slice(1);
    const languages = await languagesIn(sources);
    const contents = "export { textsOf } from './apps/page/src/text/texts-of.ts'";
    await build({ stdin: { contents, resolveDir: process.cwd() }, bundle: true, format: 'esm', outfile, plugins: [textsOfPage(sources, languages)] });
    const { textsOf } = await import(outfile);
    console.log(JSON.stringify({ languages, texts: await Promise.all(languages.map((code) => textsOf('write', code))) }));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script, sources.path, sources.file('texts.mjs')],
    { cwd: root, maxBuffer: 16 * 1024 * 1024 },
  );
  const { languages: offered, texts } = JSON.parse(stdout) as { languages: string[]; texts: object[] };
  expect(offered).toEqual(['en', 'es', 'vi']);
  expect(texts[2]).toEqual(texts[1]);
  expect(texts[1]).not.toEqual(texts[0]);
});
