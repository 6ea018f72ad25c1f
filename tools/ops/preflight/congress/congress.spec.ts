import { CHAMBER_KEYS, forEachChamber } from '@communique-tee/protocol';
import { createServer as createHttps, type Server } from 'node:https';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { workspaceRoot } from '@communique-tee/testing/harness';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTcp, type AddressInfo, type Server as TcpServer } from 'node:net';
import { testAuthority, type TestAuthority } from '@communique-tee/congress-simulator';
import { lines, look } from '../testing/look';
import { chamberCheck } from './check-chamber';

const HOST = 'cwc.communique.test';
const KEY = 'canary-cwc-key';
let authority: TestAuthority;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: string[] = [];

const portOf = (listening: { address(): AddressInfo | string | null }): number =>
  (listening.address() as AddressInfo).port;
async function serve(options: Parameters<TestAuthority['issue']>[0], from = authority): Promise<Server> {
  const { certificatePem, privateKeyPem } = await from.issue(options);
  const made = createHttps({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return made;
}
const stop = async (made: Server) => {
  made.closeAllConnections();
  await new Promise((resolve) => made.close(resolve));
};
beforeAll(async () => {
  authority = await testAuthority();
  server = await serve({ names: [HOST] });
});
afterAll(() => stop(server));

const configuration = (port: number, authorities: string) => {
  const chamber = {
    origin: `https://${HOST}:${String(port)}`,
    apiKeyReadableInImage: KEY,
    deduplicates: false,
    certificateAuthorities: authorities,
  };
  return {
    stack: 'prod',
    listen: 'vsock:5000',
    egress: { mode: 'vsock', routes: [{ host: HOST, port, vsockPort: 8001 }] },
    services: { congress: forEachChamber(() => ({ ...chamber })) },
  };
};
const exampleAuthority = (
  JSON.parse(readFileSync(join(workspaceRoot(), 'apps/enclave/config/example.json'), 'utf8')) as ReturnType<
    typeof configuration
  >
).services.congress.house.certificateAuthorities;
const ours = (port: number) => configuration(port, authority.certificatePem);
const file = (value: unknown) => ({
  'apps/enclave/config/prod.json': typeof value === 'string' ? value : JSON.stringify(value),
});
const lookup = () =>
  Promise.resolve([
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]);

async function said(name: string, value: unknown, more: string[] = [], at: typeof lookup = lookup) {
  asked.length = 0;
  const found = await look(name, { files: file(value), ports: { lookup: at } }, more);
  expect(JSON.stringify(found)).not.toContain('canary');
  return lines(found);
}

describe.each([...CHAMBER_KEYS])('%s', (name) => {
  it('sends only HEAD /, and passes if the server answers', async () => {
    answer = (_request, response) => response.writeHead(404).end();
    expect(await said(name, ours(portOf(server)))).toEqual([
      `pass: ${HOST}:${String(portOf(server))} answers this machine’s address (404 to HEAD /, TLSv1.3)`,
    ]);
    expect(asked).toEqual(['HEAD /']);
  });
  it.each([
    ['up', 'warn'],
    ['opening', 'fail'],
  ])('reports 403 as an address that is not on the chamber’s list (before %s: %s)', async (before, status) => {
    answer = (_request, response) => response.writeHead(403).end();
    expect(await said(name, ours(portOf(server)), ['--before', before])).toEqual([
      expect.stringMatching(new RegExp(`^${status}: .*answers 403: most likely this machine’s address is not on the`)),
    ]);
  });
  it('warns if the server answers 503', async () => {
    answer = (_request, response) => response.writeHead(503).end();
    expect(await said(name, ours(portOf(server)))).toEqual([
      expect.stringMatching(/^warn: .*answers this machine’s address with 503/),
    ]);
  });
  it('warns if the server refuses the connection', async () => {
    expect(await said(name, ours(1))).toEqual([
      expect.stringMatching(/^warn: .*turns the connection away \(ECONNREFUSED\): most likely/),
    ]);
  });
  it('fails if another authority signed the server’s certificate', async () => {
    expect(await said(name, configuration(portOf(server), (await testAuthority()).certificatePem))).toEqual([
      expect.stringMatching(/^fail: .*would not accept its certificate/),
    ]);
    expect(asked).toEqual([]);
  });
  it('fails if the configuration names no authority, and prints the command that shows the server’s certificates', async () => {
    const { certificateAuthorities: _own, ...chamber } = ours(portOf(server)).services.congress.house;
    const value = { ...ours(portOf(server)), services: { congress: forEachChamber(() => chamber) } };
    expect(await said(name, value)).toEqual([
      `fail: services.congress.${name}.certificateAuthorities names no authority for ${HOST}:${String(portOf(server))}`,
    ]);
    expect(asked).toEqual([]);
    const [found] = await look(name, { files: file(value), ports: { lookup } });
    expect(found?.command).toBe(`openssl s_client -connect ${HOST}:${String(portOf(server))} -showcerts </dev/null`);
  });
  it.each([
    ['none', undefined],
    ['the example’s', exampleAuthority],
  ])(
    'names the public root and the command that prints it if the authority is %s',
    async (_name, certificateAuthorities) => {
      answer = (_request, response) => response.writeHead(404).end();
      const value = configuration(portOf(server), certificateAuthorities ?? '');
      const [found] = await look(name, {
        files: file(value),
        ports: { lookup },
        checks: [chamberCheck(name, { publicRoots: [authority.certificatePem] })],
      });
      expect(found).toMatchObject({ status: 'fail', found: expect.stringContaining('names no authority') as string });
      const { fingerprint256 } = new X509Certificate(authority.certificatePem);
      expect(found?.todo).toContain(`SHA-256 ${fingerprint256}`);
      expect(found?.command).toContain(`npx node -p '`);
    },
  );
  it('names the public root that signed the certificate if the configuration names another', async () => {
    answer = (_request, response) => response.writeHead(404).end();
    const [found] = await look(name, {
      files: file(configuration(portOf(server), (await testAuthority()).certificatePem)),
      ports: { lookup },
      checks: [chamberCheck(name, { publicRoots: [authority.certificatePem] })],
    });
    expect(found).toMatchObject({ status: 'fail', found: expect.stringContaining('would not accept') as string });
    expect(found?.todo).toContain(new X509Certificate(authority.certificatePem).fingerprint256);
  });
  it('fails if the name does not resolve', async () => {
    const gone = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    expect(await said(name, ours(443), [], gone)).toEqual([`fail: ${HOST} does not resolve (ENOTFOUND)`]);
  });
});

describe('house, with a server that the enclave cannot use', () => {
  it.each<[string, Parameters<TestAuthority['issue']>[0], RegExp]>([
    [
      'a certificate for another name',
      { names: ['other.communique.test'] },
      /^fail: .*would not accept its certificate \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    ],
    [
      'a certificate that has ended',
      { names: [HOST], notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') },
      /^fail: .*would not accept its certificate \(CERT_HAS_EXPIRED\)/,
    ],
    [
      'a certificate that soon ends',
      { names: [HOST], notAfter: new Date(Date.now() + 24 * 3600 * 1000) },
      /^warn: .*its certificate ends/,
    ],
  ])('reports %s', async (_name, options, words) => {
    answer = (_request, response) => response.end();
    const other = await serve(options);
    expect(await said('house', ours(portOf(other)))).toEqual([expect.stringMatching(words)]);
    await stop(other);
  });

  it.each<[string, string, RegExp]>([
    ['plain HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', /^fail: .*does not speak HTTPS/],
    ['a connection that is cut', '', /^warn: .*turns the connection away \(ECONNRESET\)/],
  ])('reports %s', async (_name, words, expected) => {
    const plain: TcpServer = createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => (words === '' ? socket.resetAndDestroy() : socket.end(words)));
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    expect(await said('house', ours(portOf(plain)))).toEqual([expect.stringMatching(expected)]);
    await new Promise((resolve) => plain.close(resolve));
  });

  it('does not report a firewall if the server takes the connection and then stays silent', async () => {
    const silent: TcpServer = createTcp((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const found = await look('house', {
      files: file(ours(portOf(silent))),
      ports: { lookup },
      checks: [chamberCheck('house', { silentAfterMs: 50 })],
    });
    expect(lines(found)).toEqual([
      expect.stringMatching(/^warn: .*took the connection but did not answer within 0.05 s; not checked$/),
    ]);
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('enclave-config', () => {
  const good = configuration(443, rootCertificates[0] ?? '');
  const changed = (change: (value: typeof good) => void) => {
    const value = structuredClone(good);
    change(value);
    return value;
  };
  it('passes for a configuration of this stack', async () => {
    expect(await said('enclave-config', good)).toEqual([`pass: ${HOST}, ${HOST}`]);
  });
  it.each<[string, unknown, RegExp]>([
    ['an empty file', '', /is not an enclave’s configuration/],
    ['a file that is not JSON', '{', /is not an enclave’s configuration/],
    ['a file of more than a megabyte', `{"a": "${'x'.repeat(1_100_000)}"}`, /larger than a configuration can be/],
    ['a file that names another stack', changed((value) => (value.stack = 'staging')), /names another stack/],
    ['an egress mode other than vsock', changed((value) => (value.egress.mode = 'direct')), /egress is not by vsock/],
    ['a missing egress route', changed((value) => (value.egress.routes = [])), /no egress route to the house/],
    [
      'no authority',
      changed((value) => (value.services.congress.senate.certificateAuthorities = 'not PEM')),
      /services\.congress\.senate\.certificateAuthorities names no authority/,
    ],
    [
      'the authority of the example',
      changed((value) => (value.services.congress.house.certificateAuthorities = exampleAuthority)),
      /left of the example: the authority of the house/,
    ],
    [
      'http',
      changed((value) => (value.services.congress.senate.origin = 'http://x')),
      /origin of the senate is not https/,
    ],
    [
      'a value that the example marks as to be replaced',
      changed((value) => (value.services.congress.house.apiKeyReadableInImage = 'to-be-replaced-by-the-house')),
      /left of the example: values that say "to be replaced"/,
    ],
    [
      'the example’s addresses, account and telephone',
      changed((value) =>
        Object.assign(value, {
          custody: { keyAlias: 'arn:aws:kms:us-east-1:111122223333:alias/x' },
          agent: { ackEmail: 'ack@example.org', contactPhone: '202-555-0100' },
        }),
      ),
      /left of the example: addresses at example\.org, the account 111122223333, a fictional telephone number/,
    ],
  ])('fails for %s', async (_name, value, words) => {
    const found = await said('enclave-config', value);
    expect(found.find((line) => words.test(line))).toMatch(/^fail/);
  });
  describe('with a model provider', () => {
    const provider = {
      origin: 'https://api.openai.com',
      certificateAuthorities: rootCertificates[0],
      apiKeySecret: 'x',
    };
    const asking = (openai: object, ...hosts: string[]) =>
      changed((one) => {
        Object.assign(one.services, {
          agents: { providers: { openai }, classes: [{ id: 'fast', provider: 'openai', model: 'gpt-5.4-nano' }] },
        });
        for (const host of hosts) one.egress.routes.push({ host, port: 443, vsockPort: 8004 });
      });
    it('passes for a complete provider, and prints its host', async () => {
      expect(await said('enclave-config', asking(provider, 'api.openai.com'))).toEqual([
        `pass: ${HOST}, ${HOST}, api.openai.com`,
      ]);
    });
    it.each<[string, object, string[], string]>([
      ['a missing egress route', provider, [], 'there is no egress route to the provider openai (api.openai.com)'],
      [
        'no authority',
        { ...provider, certificateAuthorities: 'not PEM' },
        ['api.openai.com'],
        'services.agents.providers.openai.certificateAuthorities names no authority',
      ],
      [
        'the authority of the example',
        { ...provider, certificateAuthorities: exampleAuthority },
        ['api.openai.com'],
        'left of the example: the authority of the provider openai',
      ],
      [
        'http',
        { ...provider, origin: 'http://api.openai.com' },
        [],
        'the origin of the provider openai is not https://host',
      ],
    ])('fails for %s', async (_name, openai, hosts, words) => {
      expect(await said('enclave-config', asking(openai, ...hosts))).toEqual([`fail: ${words}`]);
    });
    it('never prints an API key of the file', async () => {
      const { apiKeySecret: _secret, ...readable } = { ...provider, apiKeyReadableInImage: KEY };
      expect(await said('enclave-config', asking(readable, 'api.openai.com'))).toHaveLength(1);
    });
  });
  it('warns if a stack for production has the path of the Senate’s test system', async () => {
    const value = changed((one) =>
      Object.assign(one.services.congress.senate, { messagePath: '/api/testing-messages/' }),
    );
    expect(await said('enclave-config', value)).toEqual([
      expect.stringMatching(/^warn: the senate is .*testing-messages\/, its test system/),
    ]);
  });
  it('warns if a stack for production has the host of a test system', async () => {
    const host = 'uat-cwc.communique.test';
    const value = changed((one) => {
      one.services.congress.house.origin = `https://${host}`;
      one.egress.routes.push({ host, port: 443, vsockPort: 8002 });
    });
    expect(await said('enclave-config', value)).toEqual([
      expect.stringMatching(/^warn: the house is uat-cwc.* its test system/),
    ]);
  });
  it('fails if the file is missing, and house is then skipped', async () => {
    expect(lines(await look('enclave-config'))).toEqual(['fail: there is no apps/enclave/config/prod.json']);
    expect(lines(await look('house'))).toEqual(['skip: the enclave is not configured: see enclave-config']);
  });
});
