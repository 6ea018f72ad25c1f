import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { forEachChamber } from '@communique-tee/protocol';
import {
  startProviders,
  trustingFetch,
  type FaultPlanInput,
  type SimulatedProviders,
} from '@communique-tee/test-providers';
import { testAuthority } from '@communique-tee/congress-simulator';
import { X509Certificate } from 'node:crypto';
import { lines, look, STACK_FILE } from '../testing/look';
import { rootsCheck } from './check-roots';

const PROVIDERS = [
  ['openai', 'openai', 'OPENAI_API_KEY', 'gpt-5.4-nano'],
  ['google-ai', 'gemini', 'GOOGLE_AI_API_KEY', 'gemini-2.5-flash-lite'],
  ['google-ai', 'gemini', 'GEMINI_API_KEY', 'gemini-2.5-flash-lite'],
  ['anthropic', 'anthropic', 'ANTHROPIC_API_KEY', 'claude-haiku-4-5'],
] as const;

const RETENTION = {
  openai: 'store: false, prompt_cache_retention: "in_memory"',
  gemini: 'store: false',
  anthropic: 'no setting of retention',
} as const;

const configuration = (classes: readonly object[]) => ({
  'apps/enclave/config/prod.json': JSON.stringify({
    stack: 'prod',
    egress: { mode: 'vsock' },
    services: { congress: forEachChamber(() => ({ origin: 'https://cwc.example.org' })), agents: { classes } },
  }),
});
const classOf = (provider: string, model: string, more: object = {}) => ({ id: 'fast', provider, model, ...more });

describe.each(PROVIDERS)('%s, with the simulator', (name, provider, variable, model) => {
  let providers: SimulatedProviders;
  beforeAll(async () => {
    providers = await startProviders({ gemini: { withoutModels: ['gemini-3.5-flash-lite'] } });
  });
  afterAll(() => providers.close());
  beforeEach(() => {
    providers.setFaults({});
    providers.clearRequests();
  });

  const said = async (classes: readonly object[], plan: FaultPlanInput = {}, key = providers[provider].apiKey) => {
    providers.setFaults(plan);
    const { openai, gemini, anthropic } = providers;
    const found = await look(name, {
      files: configuration(classes),
      ports: {
        env: { [variable]: key },
        fetch: trustingFetch(providers.certificateAuthorities),
        origins: { openai: openai.origin, googleAi: gemini.origin, anthropic: anthropic.origin },
      },
    });
    expect(JSON.stringify(found)).not.toContain(providers[provider].apiKey);
    return lines(found);
  };
  const failing = (errorClass: string, operation: 'generate' | 'models') => ({
    queue: [{ operation, times: 'always' as const, fault: { kind: 'error', class: errorClass } as never }],
  });

  it('asks each configured model once, and prints the retention that it requests and the price', async () => {
    expect(await said([classOf(provider, model), classOf(provider, model, { id: 'again' })])).toEqual([
      expect.stringMatching(/^pass: .* takes the key of \w+ \(\d+ models\)$/),
      expect.stringMatching(
        new RegExp(`^pass: ${model} answers as the enclave asks it \\(${RETENTION[provider]}; \\d+ micro-dollars\\)$`),
      ),
    ]);
    expect(providers.calls()).toBe(1);
  });
  it('asks no model if no model class names the provider', async () => {
    expect(await said([])).toEqual([expect.stringMatching(/^pass: .*, so the key is not used$/)]);
    expect(providers.calls()).toBe(0);
  });
  it('fails for a configured model that the provider does not have', async () => {
    expect(await said([classOf(provider, 'no-such-model')])).toEqual([
      expect.stringMatching(/^pass: /),
      expect.stringMatching(/^fail: .* has no no-such-model for this key/),
    ]);
  });
  it.each<readonly [string, string]>([
    ['key', 'does not take the key'],
    ['quota', 'reports a used-up quota'],
    ['location', 'does not serve this machine’s address'],
    ['model', 'does not have the model'],
    ['request', 'refuses the request'],
    ...(provider === 'gemini' ? [['free_tier', 'on its free tier, where drafts may be trained on'] as const] : []),
    ...(provider === 'gemini' ? [] : [['funds', 'has no funds'] as const]),
  ])('fails if a model answers with the error %s', async (errorClass, words) => {
    const [, asked] = await said([classOf(provider, model)], failing(errorClass, 'generate'));
    expect(asked).toMatch(/^fail: /);
    expect(asked).toContain(words);
  });
  it.each(['rate', 'overloaded', 'server_error'])('warns if a model answers with the error %s', async (errorClass) => {
    const [, asked] = await said([classOf(provider, model)], failing(errorClass, 'generate'));
    expect(asked).toMatch(/^warn: /);
  });
  it('fails with a key that the provider does not accept', async () => {
    expect(await said([classOf(provider, model)], {}, 'canary-wrong-key')).toEqual([
      expect.stringMatching(/^fail: .* does not take the key/),
    ]);
    expect(providers.calls()).toBe(0);
  });
  it('fails if the provider reports a dearer tier, or usage that does not add up', async () => {
    const answer = (given: object) => ({ queue: [{ fault: { kind: 'answer', answer: given } as never }] });
    expect((await said([classOf(provider, model)], answer({ tier: 'priority' })))[1]).toMatch(/^fail: .* another tier/);
    expect((await said([classOf(provider, model)], answer({ wrongUsage: 'negative' })))[1]).toMatch(
      /^fail: .* does not add up/,
    );
  });
});

describe.each(PROVIDERS)('%s, with a server that can answer anything', (name, _provider, variable) => {
  const KEY = 'canary-provider-key';
  let server: Server;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  beforeAll(async () => {
    server = createServer((request, response) => {
      handle(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function said(
    env: Record<string, string>,
    origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    more: string[] = [],
    files = {},
  ) {
    const ports = { env, fetch, origins: { openai: origin, googleAi: origin, anthropic: origin } };
    const found = await look(name, { ports, files }, more);
    expect(JSON.stringify(found)).not.toContain('canary');
    return lines(found);
  }

  it('skips if no key is set, or warns if a model class needs the missing key', async () => {
    expect(await said({ [variable]: '' })).toEqual([expect.stringMatching(/^skip: .* is not set, and no class/)]);
    const files = configuration(
      PROVIDERS.map(([, provider, , model], at) => ({ ...classOf(provider, model), id: `c${at}` })),
    );
    expect(await said({}, undefined, [], files)).toEqual([
      expect.stringMatching(/^warn: .* this check did not look for/),
    ]);
  });
  it.each<[number, string, RegExp]>([
    [401, '{}', /^fail: .* does not take the key/],
    [403, '{}', /^fail: .* does not take the key/],
    [400, '{}', /^fail: .* answered 400/],
    [404, '{}', /^fail: .* answered 404/],
    [429, '{}', /^warn: .* throttles requests/],
    [500, 'x', /^warn: .* could not answer/],
    [200, '<html>', /^warn: .* without a list of models/],
    [200, '[]', /^warn: .* without a list of models/],
    [200, '{"data": {"length": 3}}', /^warn: .* without a list of models/],
    [302, '', /^fail: .* could not be asked/],
  ])('judges the answer %d %s', async (status, body, words) => {
    handle = (_request, response) => response.writeHead(status, { location: '/elsewhere' }).end(body);
    expect(await said({ [variable]: KEY })).toEqual([expect.stringMatching(words)]);
  });
  it('fails after its time limit if the server does not answer', async () => {
    handle = () => undefined;
    expect(await said({ [variable]: KEY }, undefined, ['--timeout', '1'])).toEqual([
      'fail: did not answer within 1 s; not checked',
    ]);
  });
  it('fails if the server is not reachable', async () => {
    expect(await said({ [variable]: KEY }, 'http://127.0.0.1:1')).toEqual([
      expect.stringMatching(/^fail: .* (is not reachable from here|could not be asked)/),
    ]);
  });
  it('fails without a request if the key contains a line break', async () => {
    expect(await said({ [variable]: `${KEY}\nx: y` })).toEqual([
      expect.stringMatching(/^fail: .* another character that no key has/),
    ]);
  });
  it('stops reading an endless answer, and warns', async () => {
    handle = (_request, response) => {
      response.on('error', () => undefined);
      const more = () => {
        while (response.write('x'.repeat(65_536)) && !response.destroyed);
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    expect(await said({ [variable]: KEY })).toEqual([expect.stringMatching(/^warn: .* answered 200 without a list/)]);
  });
});

describe('agents', () => {
  const said = async (classes: readonly object[], environment: object = {}, at = '2026-12-01', isOn = true) => {
    const found = await look('agents', {
      files: {
        ...configuration(classes),
        'Pulumi.prod.yaml': `${STACK_FILE}${isOn ? '  communique-tee:agents: on\n' : ''}  communique-tee:gatewayEnvironment: ${JSON.stringify(JSON.stringify(environment))}\n`,
      },
      ports: { nowMs: () => Date.parse(at) },
    });
    return lines(found);
  };
  const haiku = classOf('anthropic', 'claude-haiku-4-5', { maxOutputTokens: 2048 });

  it('prints the version of the prices and the largest reservation', async () => {
    expect(await said([haiku])).toEqual([
      expect.stringMatching(
        /^pass: 1 classes, prices of 2026-11-30\.1; the largest task reserves 0\.\d+ dollars \(fast\)$/,
      ),
    ]);
  });
  it('fails for a model without a price', async () => {
    expect(await said([classOf('openai', 'gpt-9')])).toEqual([
      expect.stringMatching(/^fail: class fast: gpt-9 of openai/),
    ]);
  });
  it.each(['DEFAULT_USER_DAILY_LIMIT', 'SYSTEM_HOURLY_LIMIT', 'EMERGENCY_SHUTDOWN_THRESHOLD'])(
    'fails if %s is below the price of the largest task',
    async (name) => {
      expect(await said([haiku], { [name]: name === 'SYSTEM_HOURLY_LIMIT' ? '1.70' : '0.08' })).toEqual([
        expect.stringMatching(new RegExp(`^fail: ${name} is .* such a task would never be taken$`)),
      ]);
    },
  );
  it('warns of prices older than 90 days', async () => {
    expect(await said([haiku], {}, '2027-02-28')).toEqual([expect.stringMatching(/^pass: /)]);
    expect(await said([haiku], {}, '2027-03-01')).toEqual([
      expect.stringMatching(/^warn: the price table of this release is 91 days old/),
    ]);
  });
  it('warns of each configured model whose price was not read on the provider’s own page', async () => {
    const google = classOf('gemini', 'gemini-2.5-flash-lite', { id: 'google' });
    expect(await said([haiku, google, { ...google, id: 'again' }])).toEqual([
      expect.stringMatching(/^warn: the prices of gemini-2\.5-flash-lite are unverified/),
    ]);
  });
  it('fails if agents is on without model classes, and warns if agents is off with model classes', async () => {
    expect(await said([])).toEqual([expect.stringMatching(/^fail: agents is on, and/)]);
    expect(await said([haiku], {}, undefined, false)).toEqual([expect.stringMatching(/^warn: .*, and agents is off$/)]);
    expect(await said([], {}, undefined, false)).toEqual([expect.stringMatching(/^skip: /)]);
  });
});

describe('provider-roots', () => {
  let providers: SimulatedProviders;
  let root: X509Certificate;
  beforeAll(async () => {
    providers = await startProviders();
    root = new X509Certificate(providers.certificateAuthorities);
  });
  afterAll(() => providers.close());

  const found = (certificateAuthorities: string | undefined, options?: Parameters<typeof rootsCheck>[0]) => {
    const ends = (['openai', 'gemini'] as const).map((name) => [
      name,
      { origin: providers[name].origin, certificateAuthorities, apiKeyReadableInImage: providers[name].apiKey },
    ]);
    const { 'apps/enclave/config/prod.json': text } = configuration([]);
    const value = JSON.parse(text) as { services: { agents: object } };
    Object.assign(value.services.agents, { providers: Object.fromEntries(ends) as object });
    return look('provider-roots', {
      files: { 'apps/enclave/config/prod.json': JSON.stringify(value) },
      ports: { lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) },
      ...(options && { checks: [rootsCheck(options)] }),
    });
  };
  const hostOf = (name: 'openai' | 'gemini') => new URL(providers[name].origin).host;

  it('prints the configured root that signed each provider’s certificate', async () => {
    const name = /^CN=(.+)$/m.exec(root.subject)?.[1];
    expect(lines(await found(providers.certificateAuthorities))).toEqual(
      (['openai', 'gemini'] as const).map(
        (each) => `pass: ${hostOf(each)}: its certificate is under “${String(name)}”, SHA-256 ${root.fingerprint256}`,
      ),
    );
    expect(providers.calls()).toBe(0);
  });
  it('prints the public root if the configuration names another root or none', async () => {
    const other = (await testAuthority()).certificatePem;
    for (const [authorities, words] of [
      [other, /^fail: .*the enclave would not accept its certificate/],
      [undefined, /^fail: services\.agents\.providers\.\w+\.certificateAuthorities names no authority/],
    ] as const) {
      const findings = await found(authorities, { publicRoots: [providers.certificateAuthorities] });
      expect(lines(findings)).toEqual([expect.stringMatching(words), expect.stringMatching(words)]);
      for (const { todo, command } of findings) {
        expect(todo).toContain(`SHA-256 ${root.fingerprint256}`);
        expect(command).toContain("npx node -p '");
      }
    }
  });
  it('skips if no provider is configured', async () => {
    expect(lines(await look('provider-roots', { files: configuration([]) }))).toEqual([
      expect.stringMatching(/^skip: .* names no provider of models$/),
    ]);
  });
  it('fails if the server does not speak TLS', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `https://localhost:${String((server.address() as AddressInfo).port)}`;
    const { 'apps/enclave/config/prod.json': text } = configuration([]);
    const value = JSON.parse(text) as { services: { agents: object } };
    const { certificateAuthorities } = providers;
    Object.assign(value.services.agents, { providers: { openai: { origin, certificateAuthorities } } });
    const seen = await look('provider-roots', {
      files: { 'apps/enclave/config/prod.json': JSON.stringify(value) },
      ports: { lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) },
    });
    expect(lines(seen)).toEqual([expect.stringMatching(/^fail: localhost:\d+ does not speak HTTPS/)]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
