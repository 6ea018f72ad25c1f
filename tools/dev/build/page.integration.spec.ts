import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@communique-tee/testing/harness';

const root = workspaceRoot();
const SCRIPT = `
const { buildPage } = await import('./tools/dev/build/page.mjs');
const { SECTIONS } = await import('./tools/dev/build/plugins/texts-of-page.mjs');
const { files, metafile, loadedBy } = await buildPage(process.cwd());
const sources = (document) => loadedBy(document, { later: true, proof: true })
  .flatMap((name) => Object.keys(metafile.outputs['dist/page/' + name]?.inputs ?? {}))
  .filter((path) => path.startsWith('apps/page/src/'));
const sizeOf = (names) => files.filter(({ name }) => names.includes(name)).reduce((sum, { gzip }) => sum + gzip.length, 0);
const sizes = { atOnce: sizeOf(loadedBy('index.html')), inAll: sizeOf(loadedBy('index.html', { later: true })),
  withProof: sizeOf(loadedBy('index.html', { later: true, proof: true })) };
console.log(JSON.stringify({ SECTIONS, sizes, loaded: Object.fromEntries(
  Object.entries({ write: 'index.html', verify: 'verify.html', status: 'status.html' }).map(([page, document]) => [page, sources(document)])) }));
`;

interface Built {
  readonly SECTIONS: Readonly<Record<string, readonly string[]>>;
  /** Bytes of `/` compressed with gzip: what it loads at once, with client library, sign-in and results, and with the step of the proof of residence. */
  readonly sizes: { readonly atOnce: number; readonly inAll: number; readonly withProof: number };
  /** By page: the sources of the page that its document loads, at once or later. */
  readonly loaded: Readonly<Record<string, readonly string[]>>;
}

/** `text.value.trust`, and what is taken out of `text.value` by name. */
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

it('shows no text on a page that the page does not fetch', async () => {
  const { SECTIONS, loaded } = built;
  const missing: string[] = [];
  for (const [page, sources] of Object.entries(loaded)) {
    const elsewhere = Object.entries(SECTIONS).flatMap(([of, sections]) => (of === page ? [] : sections));
    expect([page, sources.length > 5]).toEqual([page, true]);
    for (const path of sources)
      for (const section of sectionsReadIn(await readFile(join(root, path), 'utf8')))
        if (elsewhere.includes(section)) missing.push(`${page}: ${path} reads ${section}`);
  }
  expect(missing).toEqual([]);
});

it('loads less than 90 kB at once, less than 125 kB until a receipt is shown, and less than 150 kB with the step of the proof', () => {
  expect(built.sizes.atOnce).toBeLessThan(90_000);
  expect(built.sizes.inAll).toBeLessThan(125_000);
  expect(built.sizes.withProof).toBeLessThan(150_000);
});
