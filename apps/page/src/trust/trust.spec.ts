import { fromHex } from '@communique-tee/protocol';
import { effect } from '@preact/signals';
import english from '../text/languages/en';
import { attest, configuration, developmentRoot, measurements, NOW_MS } from '../testing/enclave';
import { keepAccepted, type Accepted } from './accepted';
import { checkEnclave, chooseDemo, dropLink, evidence, leaveDemo, naming, policy, site, trust } from './trust';
import { trustSentence } from './trust-sentence';

const OTHER = 'ab'.repeat(48);
const { pcr0, pcr3 } = measurements;
const accepted: Accepted = [{ pcr0, pcr3 }];

/** The answers of the server, which each test may change. */
const served = {
  site: { acceptedMeasurements: accepted as unknown, developmentRoot: developmentRoot as string | null },
  attestation: undefined as Response | undefined,
  document: (nonce: Uint8Array) => attest({ nonce }),
};

function storage(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  } as Storage;
}

function visit(address: string): void {
  const url = new URL(address);
  Object.defineProperty(globalThis, 'location', { value: url, configurable: true });
  Object.defineProperty(globalThis, 'history', {
    value: { state: null, replaceState: (_: unknown, __: string, next: URL) => void (url.href = next.href) },
    configurable: true,
  });
}

async function check(address: string): Promise<void> {
  visit(address);
  await checkEnclave();
}

beforeEach(async () => {
  for (const name of ['localStorage', 'sessionStorage'])
    Object.defineProperty(globalThis, name, { value: storage(), configurable: true });
  jest.spyOn(Date, 'now').mockReturnValue(NOW_MS);
  served.site = { acceptedMeasurements: accepted, developmentRoot };
  served.attestation = undefined;
  served.document = (nonce) => attest({ nonce });
  jest.spyOn(globalThis, 'fetch').mockImplementation((input) => {
    const url = new URL(String(input), 'http://localhost');
    if (url.pathname === '/api/page') return Promise.resolve(Response.json(served.site));
    if (url.pathname === '/attestation/configuration')
      return Promise.resolve(new Response(Uint8Array.from(configuration)));
    if (served.attestation !== undefined) return Promise.resolve(served.attestation.clone());
    return Promise.resolve(
      new Response(Uint8Array.from(served.document(fromHex(url.searchParams.get('nonce') ?? '')))),
    );
  });
  visit('http://localhost/');
  await dropLink();
});
afterEach(() => {
  jest.restoreAllMocks();
});

const sentence = () => trustSentence(trust.value);

describe('a demo on this machine', () => {
  it('is verified at once, is marked as a demo, and passes its root to the client library', async () => {
    for (const host of ['localhost:3001', '127.0.0.1', '[::1]:80']) {
      await check(`http://${host}/`);
      expect(trust.value).toMatchObject({ kind: 'verified', demo: true, namedBy: 'site' });
      expect(policy.value).toEqual({ acceptedMeasurements: accepted, unsafeDevelopmentRootPem: developmentRoot });
      expect(sentence()).toBe(english.trust.demoVerified);
    }
  });

  it('is still refused if the link names another image', async () => {
    await check(`http://localhost/#pcr0=${OTHER}&pcr3=${pcr3}`);
    expect(trust.value).toMatchObject({
      kind: 'refused',
      demo: true,
      reason: { kind: 'check', code: 'ERR_ATTESTATION_MEASUREMENT' },
    });
    expect(policy.value).toBeUndefined();
  });
});

describe('a site elsewhere that publishes a development root and forges documents under it', () => {
  it.each(['https://letters.example/', 'https://localhost.example/', 'https://127.0.0.1.example/'])(
    'gets no message at %s until the person asks for a demo, and then never looks verified',
    async (address) => {
      await check(address);
      expect(trust.value).toEqual({ kind: 'refused', demo: false, reason: { kind: 'demo_not_chosen' } });
      expect([policy.value, evidence.value?.demo]).toEqual([undefined, false]);
      await chooseDemo();
      expect(trust.value).toMatchObject({ kind: 'verified', demo: true });
      expect(sentence()).not.toContain(english.trust.verified);
      await leaveDemo();
      expect(trust.value.kind).toBe('refused');
    },
  );

  it('is no longer a demo on a page that the Back button shows again, after the person left the demo on another page', async () => {
    await check('https://letters.example/');
    await chooseDemo();
    expect(policy.value).toBeDefined();
    sessionStorage.removeItem('communique-tee demo'); // as `leaveDemo` does on the other page
    await checkEnclave();
    expect(trust.value).toMatchObject({ kind: 'refused', reason: { kind: 'demo_not_chosen' } });
    expect(policy.value).toBeUndefined();
  });

  it('gains no trust from a malformed root', async () => {
    served.site.developmentRoot = 'no root';
    await check('http://localhost/');
    expect(trust.value).toMatchObject({
      kind: 'refused',
      demo: false,
      reason: { kind: 'check', code: 'ERR_ATTESTATION_ROOT' },
    });
  });
});

it('documents under no published root are refused, as in production', async () => {
  served.site.developmentRoot = null;
  await check('http://localhost/');
  expect(trust.value).toMatchObject({ kind: 'refused', demo: false, reason: { code: 'ERR_ATTESTATION_ROOT' } });
});

describe('the image and the operator', () => {
  it('are those of the link on every page of the tab, until the person drops the link', async () => {
    await check(`http://localhost/#campaign=x&pcr0=${pcr0}&pcr3=${pcr3}`);
    expect(trust.value).toMatchObject({ kind: 'verified', namedBy: 'link' });
    await check('http://localhost/verify');
    expect(trust.value).toMatchObject({ kind: 'verified', namedBy: 'link' });
    await dropLink();
    expect(trust.value).toMatchObject({ kind: 'verified', namedBy: 'site' });
  });

  it('are reported as different if the site does not publish the ones that the link names', async () => {
    served.site.acceptedMeasurements = [{ pcr0: OTHER, pcr3 }];
    await check(`http://localhost/#pcr0=${pcr0}&pcr3=${pcr3}`);
    expect(naming.value.differsFromSite).toBe(true);
  });

  it.each([
    ['a damaged link', `#pcr0=${pcr0.slice(1)}&pcr3=${pcr3}`, 'link_unusable'],
    ['a link without an operator', `#pcr0=${pcr0}`, 'link_unusable'],
    ['a link escaped as HTML', `#campaign=x&amp;pcr0=${pcr0}&amp;pcr3=${pcr3}`, 'link_unusable'],
    ['a link that is too long', `#x=${'x'.repeat(32_768)}&pcr0=${pcr0}&pcr3=${pcr3}`, 'link_unusable'],
  ])('of %s are refused on every page of the tab, although the site’s own list would pass', async (_, hash, kind) => {
    await check(`http://localhost/${hash}`);
    expect(trust.value).toMatchObject({ kind: 'refused', reason: { kind } });
    await check('http://localhost/verify');
    expect(trust.value).toMatchObject({ kind: 'refused', reason: { kind } });
    expect(policy.value).toBeUndefined();
  });

  it('of a link that contradicts the kept list are refused', async () => {
    keepAccepted([{ pcr0: OTHER, pcr3 }]);
    await check(`http://localhost/#pcr0=${pcr0}&pcr3=${pcr3}`);
    expect(trust.value).toMatchObject({ kind: 'refused', reason: { kind: 'link_contradicts_kept' } });
  });

  it('are those of a link that the tab opened on another page, after the Back button shows this page again', async () => {
    await check('http://localhost/');
    expect(trust.value).toMatchObject({ kind: 'verified', namedBy: 'site' });
    sessionStorage.setItem('communique-tee link', `pcr0=${OTHER}&pcr3=${pcr3}`); // as the other page does
    await checkEnclave();
    expect(trust.value).toMatchObject({ kind: 'refused', reason: { code: 'ERR_ATTESTATION_MEASUREMENT' } });
  });

  it('of a damaged kept list are refused', async () => {
    localStorage.setItem('communique-tee trust', '{"acceptedMeasurements":[{"pcr0":"x"}]}');
    await check('http://localhost/');
    expect(trust.value).toMatchObject({ kind: 'refused', reason: { kind: 'kept_unusable' } });
  });

  it('are not trusted if neither the link, this browser nor the site names an image', async () => {
    served.site.acceptedMeasurements = 'none';
    await check('http://localhost/');
    expect(trust.value).toMatchObject({ kind: 'refused', reason: { kind: 'not_compared' } });
  });
});

describe('a later check', () => {
  it('changes list, evidence and verdict together, so that no reader combines old and new ones', async () => {
    await check('http://localhost/');
    const seen: unknown[] = [];
    const stop = effect(() => {
      seen.push([site.value?.developmentRootPem === null, evidence.value?.demo, trust.value.kind]);
    });
    served.site.developmentRoot = null;
    await checkEnclave(true);
    stop();
    expect(seen).toEqual([
      [false, true, 'verified'],
      [true, false, 'refused'],
    ]);
  });

  it('withdraws the trust if it fails or the server does not answer', async () => {
    await check('http://localhost/');
    expect(policy.value).toBeDefined();
    served.document = () => attest({ nonce: new Uint8Array(32) });
    await checkEnclave(true);
    expect(trust.value).toMatchObject({ kind: 'refused', reason: { code: 'ERR_ATTESTATION_NONCE' } });
    expect(policy.value).toBeUndefined();
    served.document = (nonce) => attest({ nonce });
    await checkEnclave(true);
    jest.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('no network'));
    await checkEnclave(true);
    expect(trust.value).toEqual({ kind: 'unreachable', reason: { kind: 'no_connection' } });
    expect([policy.value, sentence()]).toEqual([undefined, english.trust.noAnswer.no_connection]);
  });

  it('keeps the last result in view while it runs, unless the person has asked for the check', async () => {
    await check('http://localhost/');
    const running = checkEnclave(true);
    expect(trust.value.kind).toBe('verified');
    await running;
    const asked = checkEnclave();
    expect(trust.value.kind).toBe('checking');
    await asked;
  });
});

it.each<[string, Response, string]>([
  ['its enclave is not available', problem(503, 'enclave_unavailable'), english.trust.answered.enclave_unavailable],
  [
    'the page has no sentence for the code',
    problem(503, 'a_newer_code'),
    'The server answered with error 503. Sending is blocked.',
  ],
  ...['__proto__', 'constructor'].map((code): [string, Response, string] => [
    `the code is ${code}`,
    problem(503, code),
    'The server answered with error 503. Sending is blocked.',
  ]),
  [
    'a proxy answers in its place',
    new Response('<html>', { status: 502 }),
    'The server answered with error 502. Sending is blocked.',
  ],
  ['it sends too many bytes', new Response('x'.repeat(30_000)), english.trust.noAnswer.too_large],
])('shows what a server answered if %s', async (_, response, expected) => {
  served.attestation = response;
  await check('http://localhost/');
  expect([trust.value.kind, sentence()]).toEqual(['unreachable', expected]);
});

function problem(status: number, code: string): Response {
  return new Response(JSON.stringify({ code }), {
    status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8' },
  });
}
