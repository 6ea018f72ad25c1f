import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@communique-tee/testing/harness';

const root = workspaceRoot();
const SCRIPT = `
const { buildPage } = await import('./tools/dev/build/page.mjs');
const { SECTIONS } = await import('./tools/dev/build/plugins/texts-of-page.mjs');
const { metafile, loadedBy } = await buildPage(process.cwd());
const sources = (document) => loadedBy(document)
  .flatMap((name) => Object.keys(metafile.outputs['dist/page/' + name]?.inputs ?? {}))
  .filter((path) => path.startsWith('apps/page/src/'));
console.log(JSON.stringify({ SECTIONS, loaded: Object.fromEntries(
  Object.entries({ write: 'index.html', verify: 'verify.html', status: 'status.html' }).map(([page, document]) => [page, sources(document)])) }));
`;

interface Built {
  readonly SECTIONS: Readonly<Record<string, readonly string[]>>;
  /** By page: the sources of the page that its document loads. */
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

it('no page shows a text that it does not fetch', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT], { cwd: root });
  const { SECTIONS, loaded } = JSON.parse(stdout) as Built;
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
