import Anthropic from '@anthropic-ai/sdk';
import { startProviders, type SimulatedProviders } from './simulator';
import { trustingFetch } from './testing/trusting-fetch';

let providers: SimulatedProviders;
const clientWith = (more: Partial<ConstructorParameters<typeof Anthropic>[0]> = {}): Anthropic =>
  new Anthropic({
    apiKey: providers.anthropic.apiKey,
    authToken: null,
    baseURL: providers.anthropic.origin,
    fetch: trustingFetch(providers.certificateAuthorities),
    maxRetries: 0,
    ...more,
  });
const ask = (client = clientWith(), more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) =>
  client.messages.create({
    model: 'claude-haiku-4-5',
    system: 'Shorten this letter.',
    messages: [{ role: 'user', content: 'Please repair the bridge. It is closed.\n\nThank you. Goodbye.' }],
    max_tokens: 256,
    thinking: { type: 'disabled' },
    ...more,
  });
const fault = (class_: string, more: object = {}) =>
  providers.setFaults({ queue: [{ fault: { kind: 'error', class: class_, ...more } as never, times: 'always' }] });

describe('the Anthropic dialect, called by the official SDK', () => {
  beforeAll(async () => {
    providers = await startProviders();
  });
  afterAll(() => providers.close());
  beforeEach(() => {
    providers.setFaults({});
    providers.clearRequests();
  });

  it('answers under the dated model name with usage', async () => {
    expect(await ask()).toMatchObject({
      model: 'claude-haiku-4-5-20251001',
      content: [{ type: 'text', text: 'Please repair the bridge.\n\nThank you.' }],
      stop_reason: 'end_turn',
      usage: { service_tier: 'standard', cache_read_input_tokens: 0 },
    });
    expect(providers.requests()).toMatchObject([{ provider: 'anthropic', outcome: 'answered' }]);
  });

  it('counts cache reads and writes separately from input, and thinking as part of output', async () => {
    const counts = { input: 3, cached: 5, cacheWrittenShort: 400, cacheWrittenLong: 600, output: 10, thinking: 7 };
    providers.setFaults({
      queue: [{ fault: { kind: 'answer', answer: { text: 'Hello', thoughts: 'A plan', counts } } }],
    });
    const { usage, content } = await ask();
    expect(content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect(usage).toMatchObject({
      input_tokens: 3,
      cache_read_input_tokens: 5,
      cache_creation_input_tokens: 1000,
      cache_creation: { ephemeral_5m_input_tokens: 400, ephemeral_1h_input_tokens: 600 },
      output_tokens: 17,
      output_tokens_details: { thinking_tokens: 7 },
    });
  });

  it('lists its models page by page, and returns one by name', async () => {
    const listed: string[] = [];
    for await (const { id } of clientWith().models.list({ limit: 3 })) listed.push(id);
    expect(listed).toContain('claude-haiku-4-5');
    expect(providers.requests().length).toBeGreaterThan(1);
    expect(await clientWith().models.retrieve('claude-opus-4-7')).toMatchObject({ type: 'model' });
    await expect(clientWith().models.retrieve('claude-9')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  it('names the United States as the geography of a newer model unless the request says otherwise', async () => {
    const geography = async (more: object) => (await ask(clientWith(), more)).usage.inference_geo;
    const newer = { model: 'claude-opus-4-7' };
    expect(await geography(newer)).toBe('us');
    expect(await geography({ ...newer, inference_geo: 'global' })).toBe('global');
    expect(await geography({})).toBe('not_available');
  });

  it('marks cut, empty and refused answers', async () => {
    const answers = (['cut', 'empty', 'refused'] as const).map((end) => ({
      fault: { kind: 'answer' as const, answer: { end } },
    }));
    providers.setFaults({ queue: answers });
    expect(await ask()).toMatchObject({ stop_reason: 'max_tokens', content: [{ type: 'text' }] });
    expect(await ask()).toMatchObject({ stop_reason: 'max_tokens', content: [] });
    expect(await ask()).toMatchObject({ stop_reason: 'refusal', content: [], usage: { output_tokens: 0 } });
  });

  it.each([
    ['key', Anthropic.AuthenticationError, 401, 'authentication_error'],
    ['model', Anthropic.NotFoundError, 404, 'not_found_error'],
    ['request', Anthropic.BadRequestError, 400, 'invalid_request_error'],
    ['rate', Anthropic.RateLimitError, 429, 'rate_limit_error'],
    ['quota', Anthropic.BadRequestError, 400, 'invalid_request_error'],
    ['funds', Anthropic.BadRequestError, 400, 'invalid_request_error'],
    ['location', Anthropic.PermissionDeniedError, 403, 'forbidden'],
    ['server_error', Anthropic.InternalServerError, 500, 'api_error'],
    ['overloaded', Anthropic.InternalServerError, 529, 'overloaded_error'],
  ] as const)('answers with the error class %s', async (class_, kind, status, type) => {
    fault(class_);
    const error: unknown = await ask().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ status, type, requestID: expect.stringMatching(/^req_/) as string });
    if (class_ === 'funds') expect((error as Error).message).toContain('credit balance is too low');
    expect(providers.calls()).toBe(1);
  });

  it('gets three requests for one failing call of an SDK that retries twice', async () => {
    for (const class_ of ['rate', 'overloaded'] as const) {
      providers.clearRequests();
      fault(class_, { retryAfterSeconds: 0 });
      await expect(ask(clientWith({ maxRetries: 2 }))).rejects.toBeInstanceOf(Anthropic.APIError);
      expect(providers.calls()).toBe(3);
    }
  });

  it('refuses a wrong key', async () => {
    await expect(ask(clientWith({ apiKey: 'sk-ant-wrong' }))).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    expect(JSON.stringify(providers.requests())).not.toContain('sk-ant-wrong');
  });

  it.each<[string, Partial<Anthropic.MessageCreateParamsNonStreaming>, string]>([
    ['temperature under the newer version', { temperature: 1 } as never, 'temperature: Extra inputs are not permitted'],
    [
      'a thinking budget on a newer model',
      { model: 'claude-opus-4-7', max_tokens: 4096, thinking: { type: 'enabled', budget_tokens: 1024 } },
      'thinking.type.enabled',
    ],
    ['thinking off on a model that always thinks', { model: 'claude-opus-5-5' }, 'thinking.type.disabled'],
    ['a geography on an older model', { inference_geo: 'global' }, 'inference_geo: not supported'],
    ['an unknown geography', { model: 'claude-haiku-5-5', inference_geo: 'eu' }, "should be 'global' or 'us'"],
    ['an unknown member', { store: false } as never, 'store: Extra inputs are not permitted'],
    ['half a surrogate pair', { messages: [{ role: 'user', content: 'Thanks \ud83d' }] }, 'no low surrogate in string'],
    ['an empty message', { messages: [{ role: 'user', content: ' ' }] }, 'non-empty content'],
    ['a thinking budget above the maximum', { thinking: { type: 'enabled', budget_tokens: 1024 } }, 'greater than'],
  ])('refuses %s', async (_name, more, message) => {
    await expect(ask(clientWith(), more)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(message) as string,
    });
  });

  it('refuses sampling parameters for some models under the older version', async () => {
    const older = clientWith({ defaultHeaders: { 'anthropic-version': '2023-06-01' } });
    expect(await ask(older, { temperature: 0.2 } as never)).toMatchObject({ stop_reason: 'end_turn' });
    for (const more of [{ temperature: 0.2 }, { top_k: 4 }])
      await expect(ask(older, { model: 'claude-opus-4-7', ...more } as never)).rejects.toMatchObject({
        message: expect.stringContaining('is deprecated for this model') as string,
      });
  });

  it('accepts the key in either header, and refuses an unknown version', async () => {
    const { apiKey } = providers.anthropic;
    const inKeyHeader = clientWith({ defaultHeaders: { authorization: null, 'x-api-key': apiKey } });
    expect(await ask(inKeyHeader)).toMatchObject({ stop_reason: 'end_turn' });
    await expect(ask(clientWith({ defaultHeaders: { 'anthropic-version': '2024-01-01' } }))).rejects.toMatchObject({
      status: 400,
    });
  });

  it('refuses an unknown model', async () => {
    await expect(ask(clientWith(), { model: 'claude-9' })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });
});
