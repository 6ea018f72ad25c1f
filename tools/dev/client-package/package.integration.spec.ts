import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import fc from 'fast-check';
import ts from 'typescript';
import { buildClientPackage, MAX_GZIP_BYTES, type BuiltPackage } from './build-package';
import { bundleClient } from './bundle';
import { declarationsOf } from './declarations';
import { judge, type Case } from './judge';

const run = promisify(execFile);

/** Tests the package as a developer installs it: in a folder outside this repository, with no other package. */
describe('the published client', () => {
  let folder: TemporaryFolder;
  let built: BuiltPackage;
  let code: string;
  const consumer = (name: string) => folder.file(name);

  beforeAll(async () => {
    folder = await temporaryFolder('client-package');
    built = await buildClientPackage({
      root: workspaceRoot(),
      folder: folder.file('node_modules/@communique-tee/client'),
    });
    code = await readFile(join(built.folder, 'index.js'), 'utf8');
    await writeFile(consumer('package.json'), '{"type":"module"}');
  });
  afterAll(() => folder.remove());

  it('is smaller than MAX_GZIP_BYTES', () => {
    expect(built.gzipBytes).toBeLessThan(MAX_GZIP_BYTES);
    expect(built.shares.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(built.minifiedBytes);
  });

  it('uses nothing of Node, imports nothing, and generates no code at run time', () => {
    const found = (pattern: RegExp, text = code) => text.match(pattern)?.slice(0, 3) ?? [];
    expect(found(/.{0,40}node:.{0,40}/g)).toEqual([]);
    expect(found(/.{0,40}(?:\bimport\b\s*[^.]|\brequire\b\s*\().{0,40}/g)).toEqual([]);
    expect(found(/.{0,40}\b(?:Buffer|__dirname|process)\b\s*\..{0,40}/g)).toEqual([]);
    // These words are allowed inside strings
    expect(found(/.{0,40}\b(?:eval|Function)\b.{0,40}/g, code.replaceAll(/"[^"\n]*"|`[^`]*`/g, '""'))).toEqual([]);
  });

  it('contains its license and those of the packages in it', async () => {
    expect(await readFile(join(built.folder, 'LICENSE'), 'utf8')).toContain('Apache License');
    const texts = await readFile(join(built.folder, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const { name } of built.shares) if (!/^(libs|tools)\//.test(name)) expect(texts).toContain(`${name} `);
    const readme = await readFile(join(built.folder, 'README.md'), 'utf8');
    expect(readme).toMatch(/\d KB gzip/);
    for (const [, link = ''] of readme.matchAll(/\]\(([^)]*)\)/g))
      expect([link, existsSync(join(built.folder, link.replace(/^#.*/, 'README.md')))]).toEqual([link, true]);
  });

  it('passes publint, and passes arethetypeswrong as an ES module', async () => {
    // Both tools are ES modules, so another process loads them.
    const script = `
      import { publint } from 'publint';
      import { Package, checkPackage } from '@arethetypeswrong/core';
      import { readdirSync, readFileSync } from 'node:fs';
      const folder = process.argv[1];
      const { messages } = await publint({ pkgDir: folder, pack: false, level: 'suggestion', strict: true });
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const contents = Object.fromEntries(files.map(({ parentPath, name }) => {
        const path = parentPath + '/' + name;
        return ['/node_modules/@communique-tee/client' + path.slice(folder.length), readFileSync(path, 'utf8')];
      }));
      const { types, problems } = await checkPackage(new Package(contents, '@communique-tee/client', '0.0.0'));
      console.log(JSON.stringify({ publint: messages, types, problems }));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script, built.folder], {
      cwd: workspaceRoot(),
    });
    expect(JSON.parse(stdout)).toEqual({
      publint: [],
      types: { kind: 'included' },
      // The package has only an ES module. Node 20.19 and later can also load it with require, as the next test does.
      problems: [{ kind: 'CJSResolvesToESM', entrypoint: '.', resolutionKind: 'node16-cjs' }],
    });
  });

  it('can be loaded by require in the lowest version of Node that its manifest names', async () => {
    const { engines } = JSON.parse(await readFile(join(built.folder, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    expect(engines.node).toBe('>=20.19');
    await writeFile(consumer('use.cjs'), `console.log(typeof require('@communique-tee/client').connect);`);
    const { stdout } = await run(process.execPath, [consumer('use.cjs')], { cwd: folder.path, env: {} });
    expect(stdout).toBe('function\n');
  });

  it('can be imported by Node, and reports what is wrong with a message', async () => {
    await writeFile(
      consumer('use.mjs'),
      `
      import * as client from '@communique-tee/client';
      const error = await client.connect('https://gateway.example', { acceptedMeasurements: [] }, { token: () => 't' }).catch((thrown) => thrown);
      console.log(JSON.stringify({ names: Object.keys(client).sort(), problems: client.validateMessage({ offices: ['XX'] }).length, code: error.code, isError: error instanceof client.ClientError }));`,
    );
    const { stdout } = await run(process.execPath, [consumer('use.mjs')], { cwd: folder.path, env: {} });
    expect(JSON.parse(stdout)).toEqual({
      names: [
        'BILL_TYPES',
        'CHAMBERS',
        'CLIENT_ERROR_CODES',
        'ClientError',
        'OFFICES_AS_OF',
        'STATES',
        'TOPICS',
        'connect',
        'mostATaskCosts',
        'officesOf',
        'toWebAddress',
        'validateMessage',
        'whetherSent',
      ],
      problems: 4,
      code: 'policy_invalid',
      isError: true,
    });
  });

  /** Returns the compiler's messages about each source, in the order of the sources. */
  function diagnostics(sources: readonly string[], module: 'nodenext' | 'bundler'): string[][] {
    const options: ts.CompilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
      module: module === 'nodenext' ? ts.ModuleKind.NodeNext : ts.ModuleKind.Preserve,
      moduleResolution: module === 'nodenext' ? ts.ModuleResolutionKind.NodeNext : ts.ModuleResolutionKind.Bundler,
    };
    const files = sources.map((source, at) => {
      const file = consumer(`use-${String(at)}.ts`);
      ts.sys.writeFile(file, source);
      return file;
    });
    const all = ts.getPreEmitDiagnostics(ts.createProgram(files, options));
    // Messages about the package's own declarations count for the first source.
    return files.map((file, at) =>
      all
        .filter((one) => one.file?.fileName === file || (at === 0 && !files.includes(one.file?.fileName ?? '')))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')),
    );
  }
  const USE = `
    import { connect, ClientError, TOPICS, validateMessage, type Message, type SendResult, type Policy } from '@communique-tee/client';
    const policy: Policy = { acceptedMeasurements: [{ pcr0: 'ab', pcr3: 'cd' }], acceptedCustody: ['process'] };
    const message: Message = {
      offices: ['HCA12'],
      constituent: { prefix: 'Mx.', firstName: 'A', lastName: 'B', address1: '1 C', city: 'D', state: 'CA', zip: '94601', email: 'a@b.example' },
      message: { subject: 'A subject', body: 'A body', topics: [TOPICS[0], 'Energy'], bills: [{ congress: 119, type: 'hr', number: 1 }] },
      campaignId: 'c1',
    };
    export async function send(): Promise<SendResult> {
      for (const { pointer } of validateMessage(message)) pointer.startsWith('/');
      const client = await connect(new URL('https://g.example'), policy, { token: async () => 't' });
      const sending = client.send(message, { onState: (state) => { if (state.step === 'waiting') state.waitMs.toFixed(); } });
      for await (const state of sending) if (state.step === 'status' && state.report) state.report.offices.map(({ outcome }) => outcome === 'accepted');
      try {
        return await sending.result;
      } catch (error) {
        if (error instanceof ClientError && error.code === 'refused' && error.problem === 'rate_limited') error.retryAfterSeconds?.toFixed();
        throw error;
      }
    }`;

  it.each(['nodenext', 'bundler'] as const)(
    'has complete types for a strict compiler (%s) that has no other types',
    (module) => {
      const wrong = [
        ["pcr0: 'ab'", "pcr1: 'ab'"],
        ["state: 'CA'", "state: 'XX'"],
        ["lastName: 'B', ", ''],
        ["error.code === 'refused'", "error.code === 'refuse'"],
        ["'@communique-tee/client'", "'@communique-tee/client/other'"],
        ['acceptedCustody:', 'acceptedCustodies:'],
      ] as const;
      const [good, ...bad] = diagnostics([USE, ...wrong.map(([from, to]) => USE.replace(from, to))], module);
      expect(good).toEqual([]);
      expect(bad.map((found, at) => [wrong[at]?.[1], found.length > 0])).toEqual(wrong.map(([, to]) => [to, true]));
    },
  );

  it('is not built if an export is declared nowhere', () => {
    expect(() => declarationsOf(workspaceRoot(), ['connect', 'unheardOf'])).toThrow('unheardOf');
  });

  it('finds the same issues as zod in everything that it reads', async () => {
    const { text } = await bundleClient(workspaceRoot(), 'tools/dev/client-package/judge.ts');
    await mkdir(consumer('judge'), { recursive: true });
    await writeFile(consumer('judge/judge.mjs'), text);
    await writeFile(
      consumer('judge/main.mjs'),
      `
      import { readFileSync } from 'node:fs';
      import { judge } from './judge.mjs';
      console.log(JSON.stringify(JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')).map(judge)));`,
    );
    // Random samples seldom have an empty list, or a number between the allowed steps
    const short: Case[] = [
      { schema: 'message', value: { offices: [], message: { topics: [] } } },
      { schema: 'task', value: { maxOutputTokens: 65 } },
    ];
    const cases = [...SAMPLES, ...short, ...fc.sample(mutated(), 3000)];
    // JSON has neither undefined nor NaN
    const told = JSON.parse(JSON.stringify(cases)) as Case[];
    await writeFile(consumer('judge/cases.json'), JSON.stringify(told));
    const { stdout } = await run(process.execPath, [consumer('judge/main.mjs')], {
      env: {},
      maxBuffer: 64 * 1024 * 1024,
    });
    const expected = told.map(judge);
    expect(JSON.parse(stdout)).toEqual(expected);
    expect(expected.slice(0, SAMPLES.length)).toEqual(SAMPLES.map(() => []));
    expect(new Set(expected.flat().map((issue) => issue.split(' ')[1]))).toEqual(
      new Set([
        'invalid_type',
        'invalid_value',
        'too_small',
        'too_big',
        'unrecognized_keys',
        'custom',
        'invalid_format',
        'invalid_union',
        'not_multiple_of',
      ]),
    );
  });
});

const hash = 'A'.repeat(43);
const SAMPLES: readonly Case[] = [
  {
    schema: 'task',
    value: {
      version: 1,
      task: 'draft',
      modelClass: 'small',
      maxOutputTokens: 1024,
      language: 'en',
      subject: 'A subject',
      text: 'A text',
    },
  },
  {
    schema: 'agentAnswer',
    value: { version: 1, requestId: { $bytes: 16 }, outcome: 'complete', text: 'A text', problem: null },
  },
  {
    schema: 'agentOffer',
    value: {
      on: true,
      classes: [
        {
          id: 'small',
          provider: 'openai',
          model: 'gpt-6-luna',
          tasks: ['draft', 'review'],
          maxOutputTokens: 1024,
          available: false,
        },
      ],
      prices: { version: '2026-11-30.1', sha256: '0'.repeat(64) },
    },
  },
  {
    schema: 'agentResult',
    value: {
      id: '00112233-4455-4677-8899-aabbccddeeff',
      answer: 'AAAA',
      statement: 'a.b.c',
      attestationDocument: 'AAAA',
      attempts: 1,
    },
  },
  {
    schema: 'statement',
    value: {
      v: 1,
      request_id: '00112233-4455-4677-8899-aabbccddeeff',
      request_sha256: hash,
      attempt: 1,
      model_class: 'small',
      provider: 'openai',
      model: 'gpt-6-luna',
      served_model: 'gpt-6-luna-2026-09-22',
      end: 'complete',
      usage_state: 'reported',
      usage: { input: 1, cached: 0, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 1, thinking: 0 },
      prices_version: '2026-11-30.1',
      prices_sha256: '0'.repeat(64),
      cost_micro_usd: '1',
      time: 1,
      pcr0: 'ab'.repeat(48),
      attestation_sha256: hash,
    },
  },
  {
    schema: 'configuration',
    value: {
      version: 3,
      stack: 'production',
      custody: 'process',
      residence: {
        mode: 'required',
        registrar: 'registrar',
        keys: [`registrar+00000000+${'A'.repeat(44)}`],
        maxCampaignDays: 90,
        verificationKeySha256: '0'.repeat(64),
      },
      legacySuite: false,
      egress: ['cwc.house.gov:443', 'soapbox.senate.gov:443'],
      services: {
        congress: {
          acceptReplayAcrossEnclaves: false,
          officesAsOf: '2026-11-29',
          house: { origin: 'https://cwc.house.gov', deduplicates: true },
          senate: { origin: 'https://soapbox.senate.gov', deduplicates: true },
        },
        agents: {
          classes: [
            { id: 'small', provider: 'openai', model: 'gpt-6-luna', tasks: ['draft', 'review'], maxOutputTokens: 1024 },
          ],
          pricesVersion: '2026-11-30.1',
          pricesSha256: '0'.repeat(64),
        },
      },
    },
  },
  {
    schema: 'message',
    value: {
      version: 1,
      deliverySecret: { $bytes: 32 },
      offices: ['HCA12', 'SCA01'],
      constituent: {
        prefix: 'Ms.',
        firstName: 'T',
        middleName: 'M',
        lastName: 'P',
        organization: 'Org',
        address1: '1 Test Street',
        city: 'Oakland',
        state: 'CA',
        zip: '94601-1234',
        email: 'p@test.example',
        phone: '202-555-0100',
      },
      message: {
        subject: 'A subject',
        body: 'A text of a test.',
        topics: ['Energy'],
        bills: [{ congress: 119, type: 'hr', number: 1 }],
        stance: 'pro',
        moreInfo: 'https://a.example/b?c=%20d',
        organizationStatement: 'A statement.',
      },
      campaignId: 'c1',
      organization: { name: 'Test organization', about: 'A test.', contact: { phone: '202-555-0101' } },
      responseRequested: true,
      newsletterOptIn: false,
      proof: {
        district: '120-CA-12',
        delivery: { $bytes: 32 },
        blinding: { $bytes: 32 },
        campaign: 'a note\n',
      },
    },
  },
  {
    schema: 'view',
    value: {
      id: 'x',
      status: 'delivered',
      acceptedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T00:00:00Z',
      endedAt: null,
      attempts: 1,
      nextAttemptAt: '2026-01-01T00:00:00.123Z',
      reason: null,
      receipt: { receipt: 'a.b.c', attestation_document: 'AA==' },
      sealedAnswer: 'AA',
    },
  },
  {
    schema: 'claims',
    value: {
      v: 2,
      message_id: '00112233-4455-4677-8899-aabbccddeeff',
      sealed_sha256: hash,
      suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305',
      offices: [{ commitment: hash, outcome: 'accepted' }],
      time: 1,
      pcr0: 'ab'.repeat(48),
      attestation_sha256: hash,
    },
  },
  {
    schema: 'answer',
    value: {
      version: 1,
      messageId: { $bytes: 16 },
      time: 1,
      offices: [
        {
          office: 'HCA12',
          salt: { $bytes: 32 },
          outcome: 'unknown',
          deliveryId: 'a'.repeat(32),
          reason: 'maintenance',
          detail: null,
        },
      ],
      problems: [{ pointer: '/a', code: 'required', message: 'm' }],
    },
  },
  { schema: 'receipt', value: { receipt: 'a.b.c', attestation_document: 'AAAA' } },
  {
    schema: 'kept',
    value: {
      v: 2,
      gateway: 'https://gateway.example',
      id: '00112233-4455-4677-8899-aabbccddeeff',
      suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305',
      keyId: 'A'.repeat(22),
      expiresAt: 1_800_000_000,
      nullifier: null,
      sealedSha256: hash,
      answerKey: hash,
      statusSecret: hash,
      accepted: true,
    },
  },
];

const ODD: readonly unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  1e300,
  2 ** 53,
  '',
  ' ',
  'x',
  '\u0000\u0001',
  'é'.repeat(3),
  '𝒳'.repeat(260),
  'x'.repeat(501),
  'y'.repeat(10_001),
  'HCA12',
  'SCA09',
  '2026-13-01T00:00:00Z',
  '2026-01-01',
  'hr',
  'http://x',
  'javascript:x',
  { $bytes: 32 },
  { $bytes: 31 },
  [],
  ['Energy', 'Energy'],
  ['HCA12', 'HCA12'],
  {},
  { __proto__x: 1 },
  Array.from({ length: 40 }, () => 'Energy'),
];

/** Returns samples in which one to three values are replaced, removed, repeated or added. */
function mutated(): fc.Arbitrary<Case> {
  const change = fc.record({
    at: fc.nat(200),
    how: fc.constantFrom('replace', 'remove', 'add', 'repeat'),
    odd: fc.constantFrom(...ODD),
  });
  return fc
    .tuple(fc.constantFrom(...SAMPLES), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([{ schema, value }, changes]) => {
      const root = { value: JSON.parse(JSON.stringify(value)) as unknown };
      for (const { at, how, odd: kind } of changes) {
        const odd = structuredClone(kind);
        const places = placesOf(root);
        const place = places[at % places.length];
        if (place === undefined) continue;
        const { holder, key } = place;
        if (how === 'replace') Reflect.set(holder, key, odd);
        else if (how === 'remove') Reflect.deleteProperty(holder, key);
        else if (how === 'add')
          Reflect.set(typeof holder[key] === 'object' && holder[key] !== null ? holder[key] : holder, 'extra', odd);
        else if (Array.isArray(holder)) holder.push(holder[Number(key)]);
      }
      return { schema, value: root.value ?? null };
    });
}

function placesOf(holder: Record<string, unknown>): { holder: Record<string, unknown>; key: string }[] {
  return Object.entries(holder).flatMap(([key, value]) => [
    { holder, key },
    ...(typeof value === 'object' && value !== null && !('$bytes' in value)
      ? placesOf(value as Record<string, unknown>)
      : []),
  ]);
}
