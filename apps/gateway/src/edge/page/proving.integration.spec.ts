import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import {
  commitmentOf,
  leafOf,
  randomField,
  REFERENCE_STRING_NAME,
  rootOfPath,
  witnessOf,
  type Witness,
} from '@communique-tee/residence';
import { referenceStringForTests, TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { createVerifier, type Verifier } from '@communique-tee/residence/verifier';
import { chromiumAvailability, openChromium } from '@communique-tee/testing/chromium';
import { describeWith, temporaryFolder, type TemporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Page } from 'playwright-core';
import { createApp } from '../../create-app';
import { testConfig } from '../../testing/gateway-under-test';
import { createIssuer } from '../../testing/issuer';
import type { BuiltFile } from './built-page';
import { PageFiles } from './page-files';

/** Runs in the page, as a module of the page's own origin. */
const IN_PAGE = `
import { createProver } from '@communique-tee/residence/prover/browser';
export async function prove({ files, witness, times }) {
  const publicInputs = Object.fromEntries(
    Object.entries(witness.publicInputs).map(([name, bytes]) => [name, Uint8Array.from(bytes)]),
  );
  const outcome = { proofs: [], states: [], isolated: crossOriginIsolated };
  let prover;
  try {
    prover = createProver(files);
    for (let at = 0; at < times; at++) {
      const onProgress = (state) => outcome.states.push(state);
      const { proof } = await prover.prove({ ...witness, publicInputs }, { onProgress });
      outcome.proofs.push([...proof].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    }
    return outcome;
  } catch (error) {
    return { ...outcome, code: error.code ?? error.name };
  } finally {
    prover?.close();
  }
}
`;

/** Builds the page, and next to it a script that exports to a test what the page's own scripts use. */
const BUILD = `
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
const { asBuiltFiles, buildPage } = await import('./tools/dev/build/page.mjs');
const { smallZod, unusedLibrariesLeft } = await import('./tools/dev/build/plugins/small-zod.mjs');
const root = process.cwd();
const { files } = await buildPage(root);
const { outputFiles } = await build({
  stdin: { contents: process.argv[2], resolveDir: root },
  bundle: true, write: false, format: 'esm', platform: 'browser', tsconfig: 'tsconfig.base.json',
  plugins: [smallZod(root), unusedLibrariesLeft(root)],
});
const test = Buffer.from(outputFiles[0].contents);
const all = [...files, { name: 'test.js', contentType: 'text/javascript; charset=utf-8', gzip: gzipSync(test) }];
writeFileSync(process.argv[1], JSON.stringify(asBuiltFiles(all)));
`;

function someWitness(): Witness {
  const secret = randomField();
  const registration = { registrar: 'test', district: '120-PR-00', salt: randomField(), index: 5 };
  const siblings = Array.from({ length: 20 }, randomField);
  const root = rootOfPath(leafOf({ commitment: commitmentOf(secret), ...registration }), 5, siblings);
  const fresh = { blinding: randomField(), message: randomField() };
  return witnessOf({ secret, registration, siblings, root, campaign: 'test', ...fresh });
}

interface Outcome {
  readonly proofs: string[];
  readonly states: string[];
  readonly code?: string;
  readonly isolated: boolean;
}

const referenceString = referenceStringForTests();

describeWith(chromiumAvailability(), 'the page that proves, in Chromium', () => {
  let folder: TemporaryFolder;
  let app: NestFastifyApplication;
  let url: string;
  let chromium: Awaited<ReturnType<typeof openChromium>>;
  let verifier: Verifier;
  let wrongs: string[];
  let page: Page;

  beforeAll(async () => {
    folder = await temporaryFolder();
    await (await createIssuer()).writeKeySet(folder.file('jwks.json'));
    app = await createApp(
      testConfig({
        DATABASE_URL: 'postgresql://127.0.0.1:1/none',
        AUTH_JWKS_FILE: folder.file('jwks.json'),
        RESIDENCE: 'optional',
        RESIDENCE_REGISTRAR: TEST_REGISTRAR.id,
        RESIDENCE_KEYS: TEST_REGISTRAR.verifierKeys[0],
        RESIDENCE_FILES_URL: 'https://registrar.test/',
      }),
    );
    const built = folder.file('page.json');
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', BUILD, built, IN_PAGE], {
      cwd: workspaceRoot(),
    });
    app.get(PageFiles).take(JSON.parse(await readFile(built, 'utf8')) as BuiltFile[]);
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    verifier = await createVerifier();
    chromium = await openChromium();
  }, 180_000);
  afterAll(async () => {
    await chromium.close();
    await verifier.close();
    await app.close();
    await folder.remove();
  });
  beforeEach(async () => {
    page = await chromium.newPage();
    wrongs = [];
    page.on('console', (message) => {
      // There is no enclave here, so some requests of the page fail
      if (!message.text().startsWith('Failed to load resource')) wrongs.push(message.text());
    });
    page.on('pageerror', (error) => wrongs.push(error.message));
  });
  afterEach(() => page.close());

  const files = () => {
    const names = app.get(PageFiles).names();
    const path = (stem: string) => `/page/${names.find((name) => name.startsWith(`${stem}-`)) ?? ''}`;
    const referenceString = `/page/${REFERENCE_STRING_NAME}`;
    return { worker: path('proving'), barretenberg: path('barretenberg'), acvm: path('acvm'), referenceString };
  };
  const prove = ({ inputs, publicInputs }: Witness, times = 1): Promise<Outcome> => {
    const asked = { files: files(), witness: { inputs, publicInputs }, times };
    const text = JSON.stringify(asked, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
    return page.evaluate(`import('/page/test.js').then(({ prove }) => prove(${text}))`);
  };
  /**
   * Serves the reference string as a gateway with RESIDENCE_REFERENCE_STRING_FILE does.
   * @param first the bytes that the first request gets instead
   */
  const serveString = async (bytes: Uint8Array, first = bytes) => {
    let asked = 0;
    await page.route(`**/page/${REFERENCE_STRING_NAME}`, (route) =>
      route.fulfill({ body: Buffer.from(asked++ === 0 ? first : bytes), contentType: 'application/octet-stream' }),
    );
    return () => asked;
  };
  const whereProvable = referenceString === undefined ? it.skip : it;
  const string = referenceString ?? new Uint8Array();

  const accepted = async (witness: Witness, { proofs }: Outcome, times: number) => {
    expect(proofs).toHaveLength(times);
    for (const proof of proofs)
      expect(await verifier.verify(witness.publicInputs, Buffer.from(proof, 'hex'))).toEqual({ valid: true });
  };

  whereProvable(
    'proves twice with one worker under the page’s policy without cross-origin isolation, and logs nothing',
    async () => {
      await serveString(string);
      await page.goto(url);
      const witness = someWitness();
      const outcome = await prove(witness, 2);
      expect(outcome).toMatchObject({ isolated: false });
      expect(outcome.code).toBeUndefined();
      expect(outcome.states).toEqual(['loading', 'solving', 'proving', 'solving', 'proving']);
      await accepted(witness, outcome, 2);
      expect(wrongs).toEqual([]);
    },
  );

  whereProvable('proves in a page that a proxy isolated', async () => {
    await serveString(string);
    await page.route(`${url}/`, async (route) => {
      const answer = await route.fetch();
      const isolation = { 'cross-origin-embedder-policy': 'require-corp' };
      await route.fulfill({ response: answer, headers: { ...answer.headers(), ...isolation } });
    });
    await page.goto(url);
    const witness = someWitness();
    const outcome = await prove(witness);
    expect(outcome.code).toBeUndefined();
    expect(outcome.isolated).toBe(true);
    await accepted(witness, outcome, 1);
    expect(wrongs).toEqual([]);
  });

  whereProvable('fetches the reference string once more if the first copy is damaged', async () => {
    const damaged = string.slice();
    damaged[100_000]! ^= 1;
    const asked = await serveString(string, damaged);
    await page.goto(url);
    const witness = someWitness();
    await accepted(witness, await prove(witness), 1);
    expect(asked()).toBe(2);
  });

  it('reports that the gateway has no reference string, before it loads the proof system', async () => {
    const loaded: string[] = [];
    page.on('request', (request) => loaded.push(request.url()));
    await page.goto(url);
    expect(await prove(someWitness())).toMatchObject({ code: 'ERR_PROVING_NO_REFERENCE_STRING', proofs: [] });
    expect(loaded.filter((each) => each.endsWith('.wasm'))).toEqual([]);
  });

  it('reports that a file could not be loaded where the connection breaks, so that the person tries again', async () => {
    await page.route(`**/page/${REFERENCE_STRING_NAME}`, (route) => route.abort('connectionreset'));
    await page.goto(url);
    expect((await prove(someWitness())).code).toBe('ERR_PROVING_FILES');
  });

  it('starts no worker from another address, and no worker on a page that does not prove', async () => {
    await page.goto(url);
    const other = await page.evaluate("try { new Worker('/page/test.js'); 'started' } catch (error) { error.name }");
    expect(other).toBe('TypeError');
    await page.goto(`${url}/verify`);
    expect((await prove(someWitness())).code).toBe('TypeError');
  });
});
