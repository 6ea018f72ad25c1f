import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registrar } from '../../registrar';
import { DAY, request, START, testWorld } from '../../registrar/testing/made-up';
import { lines, look } from '../testing/look';

/** A folder that the real registrar has published. */
let folder: TemporaryFolder;
let site: string;
let key: string;
let root: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  site = folder.file('public');
  using registrar = Registrar.create(folder.file('register'), { registrar: 'test', maxCampaignDays: 90 }, testWorld());
  registrar.makeKey();
  registrar.add([request('1', 1)], null);
  ({ root } = registrar.publish(site));
  key = registrar.verifierKeys()[0]!.key;
});
afterAll(() => folder.remove());

interface Changes {
  readonly config?: Readonly<Record<string, string>>;
  /** The part of the enclave's configuration about residence. */
  readonly inside?: object;
  /** Days after the publication. */
  readonly days?: number;
  readonly cors?: string | null;
  readonly up?: boolean;
  /** Answers by path, instead of the folder's files. */
  readonly answers?: Readonly<Record<string, string>>;
}

async function said({ config = {}, inside, days = 1, cors = '*', up = false, answers = {} }: Changes = {}) {
  const asked: string[] = [];
  const settings = {
    residence: 'required',
    residenceRegistrar: 'test',
    residenceKeys: key,
    residenceFilesUrl: 'https://files.test/tree',
    ...config,
  };
  const fetch = (input: URL | string | Request) => {
    const url = new URL(input instanceof Request ? input.url : input);
    asked.push(url.href);
    const path = join(site, url.pathname.replace(/^\/tree\//, ''));
    const body = answers[url.pathname] ?? (existsSync(path) ? readFileSync(path) : null);
    const headers = { ...(cors !== null && { 'access-control-allow-origin': cors }) };
    return Promise.resolve(new Response(body, { status: body === null ? 404 : 200, headers }));
  };
  const configuration = {
    stack: 'prod',
    egress: { mode: 'vsock' },
    services: { congress: { house: { origin: 'https://h.test' }, senate: { origin: 'https://s.test' } } },
    residence: inside ?? { mode: 'required', registrar: 'test', keys: [key], maxCampaignDays: 90 },
  };
  const found = await look(
    'residence',
    {
      ports: { fetch: fetch as typeof globalThis.fetch, nowMs: () => (START + days * DAY) * 1000 },
      files: { 'apps/enclave/config/prod.json': JSON.stringify(configuration) },
    },
    [
      ...(up ? [] : ['--before', 'opening']),
      ...Object.entries(settings).flatMap(([name, value]) => ['--config', `${name}=${value}`]),
    ],
  );
  return { found: lines(found), asked };
}

it('passes for a root that lasts more than a week', async () => {
  const { found, asked } = await said();
  expect(found).toEqual(['pass: the root of test lasts 13 more days; 1024 places']);
  expect(asked).toEqual(['https://files.test/tree/root.note', `https://files.test/tree/${root}/subtrees`]);
});

it('asks the gateway for the address of the files if the stack names none', async () => {
  const gateway = JSON.stringify({ mode: 'required', files: 'https://files.test/tree/' });
  const { found, asked } = await said({
    config: { residenceFilesUrl: '' },
    answers: { '/api/residence': gateway },
  });
  expect(asked[0]).toBe('https://service.communique.test/api/residence');
  expect(found).toEqual([expect.stringMatching(/^pass/)]);
});

it.each<[string, Changes, RegExp]>([
  ['a root that ends within a week', { days: 8 }, /^warn: the root of test lasts 6 more days/],
  ['a root that has ended', { days: 14 }, /^fail: .*the time of the note is over/],
  ['a root of the future', { days: -1 }, /^fail: .*has not begun/],
  ['another key', { config: { residenceKeys: 'test+00000000+AAAA' } }, /^fail: residence\.keys of/],
  ['another registrar', { config: { residenceRegistrar: 'other' } }, /^fail: residence\.registrar of/],
  ['no note', { config: { residenceFilesUrl: 'https://files.test/none' } }, /^fail: .*root\.note answers 404/],
  ['no note before up', { config: { residenceFilesUrl: 'https://files.test/none' }, up: true }, /^warn: /],
  [
    'a bucket that pulumi up will make',
    { config: { residenceFilesUrl: '' }, up: true },
    /^warn: pulumi up makes the bucket/,
  ],
  ['no CORS', { cors: null }, /^fail: .*other origins/],
  [
    'another mode in the enclave’s configuration',
    { inside: { mode: 'optional', registrar: 'test' } },
    /^fail: residence\.mode of/,
  ],
  ['an enclave’s configuration with mode off', { inside: { mode: 'off' } }, /^fail: residence\.mode of/],
  [
    'no keys in the enclave’s configuration',
    { inside: { mode: 'required', registrar: 'test', keys: [] } },
    /^fail: residence\.keys of/,
  ],
  ['residence on only in the enclave’s configuration', { config: { residence: 'off' } }, /^fail: residence\.mode of/],
])('reports %s', async (_, changes, words) => {
  expect((await said(changes)).found[0]).toMatch(words);
});

it('skips if residence is off', async () => {
  const { found } = await said({ config: { residence: 'off' }, inside: { mode: 'off' } });
  expect(found).toEqual(['skip: residence is off']);
});

it('fails if the list of the root is missing or incomplete', async () => {
  const path = join(site, root, 'subtrees');
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(1));
  expect((await said()).found).toEqual([expect.stringMatching(/^fail: .*no whole list/)]);
  rmSync(path);
  expect((await said()).found).toEqual([expect.stringMatching(/^fail: .*no whole list/)]);
  writeFileSync(path, whole);
});
