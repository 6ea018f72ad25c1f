import OpenAI from 'openai';
import { startProviders, type SimulatedProviders } from './simulator';
import { trustingFetch } from './testing/trusting-fetch';

let providers: SimulatedProviders;
const clientWith = (more: Partial<ConstructorParameters<typeof OpenAI>[0]> = {}): OpenAI =>
  new OpenAI({
    apiKey: providers.openai.apiKey,
    organization: null,
    project: null,
    baseURL: `${providers.openai.origin}/v1`,
    fetch: trustingFetch(providers.certificateAuthorities),
    maxRetries: 0,
    ...more,
  });
const ask = (client = clientWith(), more: Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming> = {}) =>
  client.responses.create({
    model: 'gpt-5.1',
    instructions: 'Write one subject line for this letter.',
    input: 'Dear Senator,\n\nplease repair the bridge on Main Street. It is closed.',
    max_output_tokens: 256,
    store: false,
    service_tier: 'default',
    reasoning: { effort: 'none' },
    ...more,
  });
const fault = (class_: string, more: object = {}) =>
  providers.setFaults({ queue: [{ fault: { kind: 'error', class: class_, ...more } as never, times: 'always' }] });

describe('the OpenAI dialect, called by the official SDK', () => {
  beforeAll(async () => {
    providers = await startProviders();
  });
  afterAll(() => providers.close());
  beforeEach(() => {
    providers.setFaults({});
    providers.clearRequests();
  });

  it('answers with the dated model name, and with usage that adds up', async () => {
    const response = await ask();
    expect(response).toMatchObject({
      status: 'completed',
      output_text: 'Please repair the bridge on Main Street',
      model: 'gpt-5.1-2025-11-13',
      service_tier: 'default',
      error: null,
    });
    const { usage } = response;
    expect(usage?.total_tokens).toBe((usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0));
    expect(providers.requests()).toMatchObject([
      { provider: 'openai', operation: 'generate', model: 'gpt-5.1', outcome: 'answered', billed: { output: 10 } },
    ]);
  });

  it('counts cached and cache-written tokens as part of input, and reasoning tokens as part of output', async () => {
    const counts = { input: 3, cached: 40, cacheWrittenShort: 18_011, output: 10, thinking: 7 };
    providers.setFaults({ queue: [{ fault: { kind: 'answer', answer: { text: 'Hello', counts } } }] });
    expect((await ask()).usage).toEqual({
      input_tokens: 18_054,
      input_tokens_details: { cached_tokens: 40, cache_write_tokens: 18_011 },
      output_tokens: 17,
      output_tokens_details: { reasoning_tokens: 7 },
      total_tokens: 18_071,
    });
  });

  it('lists its models, and returns one by name', async () => {
    const listed: string[] = [];
    for await (const { id } of clientWith().models.list()) listed.push(id);
    expect(listed).toContain('gpt-5.1');
    expect(await clientWith().models.retrieve('gpt-5.1')).toMatchObject({ object: 'model' });
    await expect(clientWith().models.retrieve('gpt-9')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('marks cut, empty and refused answers', async () => {
    const answers = (['cut', 'empty', 'refused'] as const).map((end) => ({
      fault: { kind: 'answer' as const, answer: { end } },
    }));
    providers.setFaults({ queue: answers });
    const [cut, empty, refused] = [await ask(), await ask(), await ask()];
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    expect(empty).toMatchObject({ status: 'incomplete', output: [{ type: 'reasoning' }], output_text: '' });
    expect(refused.output.at(-1)).toMatchObject({ content: [{ type: 'refusal' }] });
  });

  it.each([
    ['key', OpenAI.AuthenticationError, 401, 'invalid_api_key'],
    ['model', OpenAI.NotFoundError, 404, 'model_not_found'],
    ['request', OpenAI.BadRequestError, 400, null],
    ['rate', OpenAI.RateLimitError, 429, 'rate_limit_exceeded'],
    ['quota', OpenAI.RateLimitError, 429, 'insufficient_quota'],
    ['funds', OpenAI.RateLimitError, 429, 'billing_not_active'],
    ['location', OpenAI.PermissionDeniedError, 403, 'unsupported_country_region_territory'],
    ['server_error', OpenAI.InternalServerError, 500, 'server_error'],
    ['overloaded', OpenAI.InternalServerError, 503, 'server_is_overloaded'],
  ] as const)('answers with the error class %s', async (class_, type, status, code) => {
    fault(class_);
    const error: unknown = await ask().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ status, code });
    expect(providers.calls()).toBe(1);
    expect(providers.requests()[0]?.billed).toBeNull();
  });

  it('gets three requests for one failing call of an SDK that retries twice', async () => {
    for (const class_ of ['rate', 'server_error'] as const) {
      providers.clearRequests();
      fault(class_, { retryAfterSeconds: 0 });
      await expect(ask(clientWith({ maxRetries: 2 }))).rejects.toBeInstanceOf(OpenAI.APIError);
      expect(providers.calls()).toBe(3);
      expect(providers.requests()[2]?.headers['x-stainless-retry-count']).toBe('2');
    }
  });

  it('refuses a wrong key and a wrong organization', async () => {
    await expect(ask(clientWith({ apiKey: 'sk-wrong' }))).rejects.toMatchObject({ status: 401 });
    await expect(ask(clientWith({ organization: 'null' }))).rejects.toMatchObject({ code: 'mismatched_organization' });
    expect((await ask(clientWith({ organization: providers.openai.organization }))).status).toBe('completed');
    expect(JSON.stringify(providers.requests())).not.toContain(providers.openai.apiKey);
  });

  it.each<[string, Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>, object]>([
    ['a temperature for a reasoning model', { temperature: 0.2 }, { param: 'temperature' }],
    ['an effort that the model lacks', { reasoning: { effort: 'minimal' } }, { code: 'unsupported_value' }],
    [
      'cache retention for a model without it',
      { model: 'gpt-4.1', reasoning: null, prompt_cache_retention: '24h' },
      { code: 'invalid_parameter' },
    ],
    ['an unknown member', { thinking: {} } as never, { code: 'unknown_parameter', param: 'thinking' }],
    ['half a surrogate pair', { input: 'Thanks \ud83d' }, { message: expect.stringContaining('parse the JSON') }],
    ['too small a maximum', { max_output_tokens: 3 }, { code: 'integer_below_min_value' }],
    ['an unknown tier', { service_tier: 'standard' as never }, { code: 'invalid_value' }],
  ])('refuses %s', async (_name, more, error) => {
    await expect(ask(clientWith(), more)).rejects.toMatchObject({ status: 400, ...error });
    expect(providers.requests()[0]).toMatchObject({ outcome: 'refused request', billed: null });
  });

  it('refuses an unknown model', async () => {
    await expect(ask(clientWith(), { model: 'gpt-9' })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});
