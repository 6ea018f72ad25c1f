import { connect } from 'node:tls';
import { PRICE_TABLE } from '@communique-tee/agents';
import { WRONG_USAGES } from './answers/answer';
import type { FaultInput } from './faults/fault';
import { SIMULATED_PROVIDERS, simulatedModel, type SimulatedProvider } from './models';
import { ProvidersError, startProviders, type SimulatedProviders } from './simulator';
import { goodRequest, send, type Posted } from './testing/post';

let providers: SimulatedProviders;

const ask = (provider: SimulatedProvider, members: object = {}, headers: object = {}): Promise<Posted> => {
  const good = goodRequest(providers, provider);
  return send(providers, good.url, {
    headers: { ...good.headers, ...headers },
    body: JSON.stringify({ ...good.body, ...members }),
  });
};
const strike = (fault: FaultInput, times: number | 'always' = 1) => providers.setFaults({ queue: [{ fault, times }] });
const control = (path: string, init: RequestInit = {}) => fetch(`${providers.controlUrl}/${path}`, init);

describe('the provider simulator', () => {
  beforeAll(async () => {
    providers = await startProviders({ gemini: { withoutModels: ['gemini-2.5-flash-lite'] } });
  });
  afterAll(() => providers.close());
  beforeEach(() => {
    providers.setFaults({});
    providers.setDefaultAnswer('sensible');
    providers.clearRequests();
  });

  it('does not start with NODE_ENV=production', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(startProviders()).rejects.toEqual(
        new ProvidersError('production', 'the provider simulator does not start with NODE_ENV=production'),
      );
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('has every model that an operator can configure', () => {
    const missing = PRICE_TABLE.rows.filter(({ model, shape }) => simulatedModel(shape.provider, model) === null);
    expect(missing.map(({ model }) => model)).toEqual([]);
  });

  it.each(SIMULATED_PROVIDERS)('records the requests to %s, without the API key', async (provider) => {
    const text = 'Grüße 👩‍👩‍👧 to می‌خواهم';
    const members =
      provider === 'openai'
        ? { input: text }
        : provider === 'gemini'
          ? { contents: [{ role: 'user', parts: [{ text }] }] }
          : { messages: [{ role: 'user', content: text }] };
    expect((await ask(provider, members)).status).toBe(200);
    const [request] = providers.requests();
    expect(request?.body).toContain(text);
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(JSON.stringify(request)).not.toContain(providers[provider].apiKey);
  });

  it.each(SIMULATED_PROVIDERS)('echoes the prompt in an answer of %s', async (provider) => {
    providers.setDefaultAnswer('echo');
    expect((await ask(provider)).body).toContain('"Please fix the road."');
  });

  it.each(SIMULATED_PROVIDERS)('refuses a bad request to %s without billing it', async (provider) => {
    const { url, headers, body } = goodRequest(providers, provider);
    const text = JSON.stringify(body);
    const refused = [
      await send(providers, url, { headers, body: '{' }),
      await send(providers, url, { headers, body: '[]' }),
      await send(providers, url, { headers, body: `\ufeff${text}` }),
      await send(providers, url, { headers: { ...headers, 'content-type': 'text/plain' }, body: text }),
      await ask(provider, { unknown_member: 1 }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect((await send(providers, `${url}/x`, { headers, body: text })).status).toBe(404);
    expect([401, 403]).toContain(
      (await send(providers, url, { headers: { 'content-type': 'application/json' }, body: text })).status,
    );
    expect((await send(providers, url, { headers, body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413);
    expect(providers.requests().map(({ billed }) => billed)).toEqual(Array(8).fill(null));
  });

  it('cuts an answer at the maximum output', async () => {
    const { body } = await ask('openai', { input: 'a b c d '.repeat(100), max_output_tokens: 16 });
    expect(JSON.parse(body)).toMatchObject({ status: 'incomplete', usage: { output_tokens: 16 } });
  });

  it('does not list a model that it was started without', async () => {
    const { headers } = goodRequest(providers, 'gemini');
    const listed = await send(providers, `${providers.gemini.origin}/v1beta/models?pageSize=1000`, {
      method: 'GET',
      headers,
    });
    expect(listed.body).not.toContain('gemini-2.5-flash-lite');
  });

  describe('faults', () => {
    it('answer with a failure inside a 200, HTML pages, cut JSON and other scripted answers', async () => {
      strike({ kind: 'failed_in_200' }, 3);
      expect(JSON.parse((await ask('openai')).body)).toMatchObject({ status: 'failed', usage: null });
      expect(JSON.parse((await ask('gemini')).body)).toMatchObject({ error: { code: 429 } });
      expect(JSON.parse((await ask('anthropic')).body)).toMatchObject({ type: 'error' });

      strike({ kind: 'html', bytes: 200_000 });
      const page = await ask('gemini');
      expect([page.status, page.headers['content-type'], page.body.length]).toEqual([
        502,
        'text/html; charset=utf-8',
        200_000,
      ]);
      strike({ kind: 'malformed' });
      const { status, body } = await ask('openai');
      expect(status).toBe(200);
      expect(() => JSON.parse(body) as unknown).toThrow(SyntaxError);
      strike({ kind: 'raw', status: 418, body: 'tea' });
      expect(await ask('openai')).toMatchObject({ status: 418, body: 'tea' });
      strike({ kind: 'redirect', location: 'https://example.org/' });
      expect(await ask('openai')).toMatchObject({ status: 307, headers: { location: 'https://example.org/' } });
    });

    it.each(['before_reading', 'after_reading', 'in_the_head', 'in_the_body'] as const)(
      'cut the connection %s',
      async (at) => {
        strike({ kind: 'cut', at });
        await expect(ask('anthropic')).rejects.toMatchObject({
          code: expect.stringMatching(/ECONNRESET|EPIPE|HPE_/) as string,
        });
        expect(providers.requests()).toMatchObject([{ outcome: `cut ${at}` }]);
        expect(providers.requests()[0]?.billed === null).toBe(at === 'before_reading');
        expect((await ask('anthropic')).status).toBe(200);
      },
    );

    it('answer with compressed and huge bodies', async () => {
      strike({ kind: 'gzip', unpackedBytes: 4_000_000 });
      const zipped = await ask('openai');
      expect(zipped.headers['content-encoding']).toBe('gzip');
      expect(zipped.body.length).toBeLessThan(20_000);
      strike({ kind: 'huge', bytes: 3_000_000 });
      const huge = await ask('openai');
      expect(huge.headers['content-length']).toBeUndefined();
      expect(huge.body.length).toBeGreaterThan(3_000_000);
    });

    it.each(['stalled', 'silent'] as const)('never end an answer that is %s', async (kind) => {
      strike({ kind });
      const { url, headers, body } = goodRequest(providers, 'openai');
      const bytes = JSON.stringify(body);
      const socket = connect({
        port: Number(new URL(url).port),
        host: 'localhost',
        ca: providers.certificateAuthorities,
      });
      let received = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      const head = Object.entries({ ...headers, host: 'localhost', 'content-length': String(bytes.length) });
      socket.write(
        `POST /v1/responses HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${bytes}`,
      );
      await providers.waitForCalls(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(received.endsWith('{')).toBe(kind === 'stalled');
      expect(socket.readableEnded).toBe(false);
      socket.destroy();
    });

    it('hold an answer until it is released', async () => {
      strike({ kind: 'held' });
      const held = ask('gemini');
      await providers.waitForCalls(1);
      expect(providers.requests()).toMatchObject([{ outcome: 'held', billed: null }]);
      providers.release();
      expect((await held).status).toBe(200);
      expect(providers.requests()[0]?.billed).not.toBeNull();
    });

    it('send an answer twice', async () => {
      strike({ kind: 'twice', as: 'documents' });
      const { body } = await ask('openai');
      expect(body.slice(0, body.length / 2)).toBe(body.slice(body.length / 2));
      strike({ kind: 'twice', as: 'answers' });
      expect((await ask('openai')).status).toBe(200);
    });

    it.each(SIMULATED_PROVIDERS)('make the usage that %s reports wrong in each listed way', async (provider) => {
      const member = provider === 'gemini' ? 'usageMetadata' : 'usage';
      const seen = new Set<string>();
      strike({ kind: 'answer', answer: {} });
      seen.add(JSON.stringify((JSON.parse((await ask(provider)).body) as Record<string, unknown>)[member]));
      for (const wrongUsage of WRONG_USAGES) {
        strike({ kind: 'answer', answer: { wrongUsage } });
        seen.add(JSON.stringify((JSON.parse((await ask(provider)).body) as Record<string, unknown>)[member]));
      }
      expect(seen.size).toBe(WRONG_USAGES.length + 1);
    });

    it('replace members of the body, the model name and the tier', async () => {
      strike({ kind: 'answer', answer: { tier: 'priority', model: 'gpt-5.1-2099-01-01', members: { status: 'new' } } });
      expect(JSON.parse((await ask('openai')).body)).toMatchObject({
        service_tier: 'priority',
        model: 'gpt-5.1-2099-01-01',
        status: 'new',
      });
    });

    it('strike only the provider, model and operation in the plan, as often as the plan says', async () => {
      providers.setFaults({
        queue: [
          { provider: 'gemini', fault: { kind: 'error', class: 'rate' }, times: 2 },
          { model: 'claude-haiku-4-5', fault: { kind: 'error', class: 'funds' } },
          { operation: 'models', fault: { kind: 'error', class: 'key' } },
        ],
      });
      const statuses = [];
      for (const provider of ['openai', 'anthropic', 'gemini', 'gemini', 'gemini'] as const)
        statuses.push((await ask(provider)).status);
      expect(statuses).toEqual([200, 200, 429, 429, 200]);
      expect((await ask('anthropic', { model: 'claude-haiku-4-5' })).status).toBe(400);
      const { headers } = goodRequest(providers, 'openai');
      expect((await send(providers, `${providers.openai.origin}/v1/models`, { method: 'GET', headers })).status).toBe(
        401,
      );
      expect(providers.faultCounts()).toMatchObject({ 'error rate': 2, 'error funds': 1, 'error key': 1 });
    });

    it('are the same for the same seed', async () => {
      const drawn = async () => {
        providers.setFaults({
          random: {
            seed: 7,
            probability: 0.5,
            faults: [{ kind: 'error', class: 'overloaded' }, { kind: 'malformed' }],
          },
        });
        const outcomes = [];
        for (let index = 0; index < 12; index += 1) outcomes.push((await ask('openai')).body.length > 1000);
        return outcomes;
      };
      expect(await drawn()).toEqual(await drawn());
    });
  });

  describe('the control port', () => {
    it('lets another process set faults, release answers, and list and delete requests', async () => {
      const plan = { queue: [{ fault: { kind: 'error', class: 'server_error' } }] };
      expect((await control('faults', { method: 'PUT', body: JSON.stringify(plan) })).status).toBe(204);
      expect((await ask('openai')).status).toBe(500);
      expect(await (await control('faults')).json()).toMatchObject({ 'error server_error': 1 });
      expect(await (await control('requests')).json()).toMatchObject([{ outcome: 'error server_error' }]);
      for (const [path, method] of [
        ['requests', 'DELETE'],
        ['faults', 'DELETE'],
        ['release', 'POST'],
      ])
        expect((await control(path ?? '', { method: method ?? '' })).status).toBe(204);
      expect(providers.requests()).toEqual([]);
      await control('answers', { method: 'PUT', body: '{"default":"echo"}' });
      expect((await ask('openai')).body).toContain('"Please fix the road."');
    });

    it.each([
      ['{', 'not_json'],
      ['{"queue":[{"fault":{"kind":"nonsense"}}]}', 'not_a_fault_plan'],
      ['{"queue":[{"fault":{"kind":"error","class":"rate","extra":1}}]}', 'not_a_fault_plan'],
    ])('refuses the plan %s', async (body, code) => {
      const response = await control('faults', { method: 'PUT', body });
      expect([response.status, await response.json()]).toMatchObject([400, { code }]);
    });

    it('refuses web pages and unknown addresses', async () => {
      expect((await control('requests', { headers: { origin: 'https://example.org' } })).status).toBe(403);
      expect((await control('nothing')).status).toBe(404);
    });
  });
});
