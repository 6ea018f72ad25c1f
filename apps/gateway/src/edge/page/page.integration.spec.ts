import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { temporaryFolder, type TemporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { request } from 'node:http';
import { createApp } from '../../create-app';
import { testConfig } from '../../testing/gateway-under-test';
import { createIssuer } from '../../testing/issuer';
import type { BuiltFile } from './built-page';
import { PageFiles } from './page-files';

describe('the page as it is served', () => {
  let folder: TemporaryFolder;
  let app: NestFastifyApplication;
  let url: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    await (await createIssuer()).writeKeySet(folder.file('jwks.json'));
    const config = testConfig({
      DATABASE_URL: 'postgresql://127.0.0.1:1/none',
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      PAGE_VERIFIER_URL: 'https://releases.test/communique-tee/',
    });
    app = await createApp(config);
    await promisify(execFile)(
      process.execPath,
      [join(workspaceRoot(), 'tools/dev/build/build-page.mjs'), folder.file('page.json')],
      { cwd: workspaceRoot() },
    );
    app.get(PageFiles).take(JSON.parse(await readFile(folder.file('page.json'), 'utf8')) as BuiltFile[]);
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  });
  afterAll(async () => {
    await app.close();
    await folder.remove();
  });

  /** Requests a path and returns the raw answer, because fetch would decompress it. */
  const raw = (
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }> =>
    new Promise((resolve, reject) => {
      request(`${url}${path}`, { headers }, (response) => {
        const parts: Buffer[] = [];
        response
          .on('data', (part: Buffer) => parts.push(part))
          .on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
          });
      })
        .on('error', reject)
        .end();
    });
  const DOCUMENTS = { '/': 'write', '/verify': 'verify', '/status': 'status' } as const;
  type Path = keyof typeof DOCUMENTS;
  const paths = Object.keys(DOCUMENTS) as Path[];

  /** Returns the addresses of all files except the documents. */
  const files = () =>
    app
      .get(PageFiles)
      .names()
      .filter((name) => !name.endsWith('.html'))
      .map((name) => `/page/${name}`);
  /**
   * The files that an English reader loads besides the document: the files that the document names, the files that
   * scripts import, and the English texts.
   */
  const loadedBy = async (document: Path): Promise<Set<string>> => {
    const texts = new RegExp(String.raw`^/page/${DOCUMENTS[document]}_en-[A-Z0-9]{8}\.js$`);
    const html = (await raw(document)).body.toString();
    const queue = [
      // Browsers load no licenses
      ...[...html.replace(/<link rel="license".*/, '').matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(
        ([, path]) => path ?? '',
      ),
      ...files().filter((path) => texts.test(path)),
    ];
    const loaded = new Set<string>();
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (loaded.has(path)) continue;
      loaded.add(path);
      if (!path.endsWith('.js')) continue;
      const script = (await raw(path)).body.toString();
      queue.push(...[...script.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)].map(([, name]) => `/page/${name ?? ''}`));
    }
    return loaded;
  };

  it.each(paths)('%s may load only its own files, and may not turn text into markup', async (path) => {
    const { headers, body } = await raw(path);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect([headers['referrer-policy'], headers['permissions-policy']]).toEqual([
      'no-referrer',
      expect.stringContaining('camera=()') as string,
    ]);
    expect(body.toString()).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|https?:/);
    const loaded = await loadedBy(path);
    expect([...loaded].filter((each) => each.endsWith('.js')).length).toBeGreaterThan(2);
    for (const each of loaded) expect([each, (await raw(each)).status]).toEqual([each, 200]);
  });

  it('reads its facts from /api/page, which has the content security policy of an API answer', async () => {
    expect((await raw('/api/page')).headers['content-security-policy']).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
  });

  it.each(paths)('%s names the licenses of the packages that its scripts contain', async (path) => {
    const address = /<link rel="license" href="([^"]+)"/.exec((await raw(path)).body.toString())?.[1] ?? '';
    const { status, headers, body } = await raw(address);
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    for (const name of ['preact', '@noble/hashes'])
      expect(body.toString()).toMatch(new RegExp(`(^|, )${name} \\d`, 'm'));
  });

  it('contains no call that turns text into code or markup', async () => {
    // Preact can set innerHTML, which Trusted Types refuse; the page never asks it to
    const preact = await readFile(require.resolve('preact'), 'utf8');
    const scripts = await Promise.all(files().map(async (path) => (await raw(path)).body.toString()));
    for (const script of scripts)
      expect(script).not.toMatch(/\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML/);
    const settings = (text: string) => text.match(/\.innerHTML\s*=[^=]/g)?.length ?? 0;
    expect(settings(scripts.join(''))).toBe(settings(preact));
    const sources = join(workspaceRoot(), 'apps/page/src');
    for (const name of await readdir(sources, { recursive: true }))
      if (/\.tsx?$/.test(name))
        expect([name, /innerHTML/i.test(await readFile(join(sources, name), 'utf8'))]).toEqual([name, false]);
  });

  it('has documents that clients revalidate, and files that clients may keep forever', async () => {
    for (const path of paths) {
      const { headers } = await raw(path, { accept: 'text/html' });
      expect([headers['content-type'], headers['cache-control'], headers['vary']]).toEqual([
        'text/html; charset=utf-8',
        'no-cache',
        'Accept, Accept-Encoding',
      ]);
    }
    for (const path of files())
      expect((await raw(path)).headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      });
  });

  it('is sent compressed to clients that accept gzip, under an ETag of its own, and not again to clients that have it', async () => {
    for (const path of [...paths, ...files()]) {
      const [plain, packed] = [await raw(path), await raw(path, { 'accept-encoding': 'br, gzip' })];
      expect([plain.headers['content-encoding'], packed.headers['content-encoding']]).toEqual([undefined, 'gzip']);
      expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
      expect(plain.headers['etag']).not.toBe(packed.headers['etag']);
      const again = await raw(path, { 'accept-encoding': 'gzip', 'if-none-match': String(packed.headers['etag']) });
      expect([again.status, again.body.length, again.headers['etag']]).toEqual([304, 0, packed.headers['etag']]);
    }
  });

  it.each(paths)('%s and the files that it loads are under 90 kB, compressed', async (document) => {
    const sizes = await Promise.all(
      [document, ...(await loadedBy(document))].map(
        async (path) => (await raw(path, { 'accept-encoding': 'gzip' })).body.length,
      ),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(90_000);
  });

  it.each(paths)('%s answers 404 to a client that asks for JSON', async (path) => {
    for (const accept of ['application/json', 'application/json, text/plain, */*']) {
      const { status, headers, body } = await raw(path, { accept });
      expect([status, headers['content-type'], (JSON.parse(body.toString()) as { code: string }).code]).toEqual([
        404,
        'application/problem+json',
        'not_found',
      ]);
      expect(headers['cache-control']).toBe('no-store');
    }
  });

  it.each([
    '/page/none.js',
    '/page/index.html',
    '/page/verify.html',
    '/page/..%2fmain.js',
    '/page/__proto__',
    '/page/',
  ])('%s is not found', async (path) => {
    expect([(await raw(path)).status, (await raw(path)).headers['cache-control']]).toEqual([404, 'no-store']);
  });

  it('contains no part of the auditors’ command, which the gateway serves at no address', async () => {
    await promisify(execFile)(
      process.execPath,
      [join(workspaceRoot(), 'tools/cli/one-file/build.mjs'), '--out', folder.path],
      { cwd: workspaceRoot() },
    );
    const name = 'communique-tee.mjs';
    const verifier = await readFile(folder.file(name), 'utf8');
    const sentences = ['Made from source by: ', 'Results go to standard output; steps and errors'];
    for (const sentence of sentences) expect(verifier).toContain(sentence);
    const names = app.get(PageFiles).names();
    expect(names.length).toBeGreaterThan(4);
    for (const file of names) {
      expect(file).not.toContain('communique-tee');
      const text = app.get(PageFiles).get(file)?.plain.body.toString() ?? '';
      for (const sentence of sentences) expect([file, text.includes(sentence)]).toEqual([file, false]);
    }
    for (const at of ['', 'page/', 'docs/', 'api/', 'api/page/', 'dist/auditors/', '.well-known/'])
      for (const each of [name, `${name}.sha256`]) expect([at, (await raw(`/${at}${each}`)).status]).toEqual([at, 404]);
  });

  it('gets no development root unless one is configured, and gets the verifier’s address', async () => {
    expect(JSON.parse((await raw('/api/page')).body.toString())).toEqual({
      acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), pcr3: 'cd'.repeat(48) }],
      developmentRoot: null,
      provesResidence: false,
      signIn: null,
      verifierUrl: 'https://releases.test/communique-tee/',
    });
  });
});

it('a gateway that was not bundled has no page', () => {
  expect(new PageFiles({ residence: { mode: 'off' } }).names()).toEqual([]);
});
