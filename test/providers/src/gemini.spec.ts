import {
  ApiError,
  FinishReason,
  GoogleGenAI,
  ServiceTier,
  ThinkingLevel,
  type GenerateContentConfig,
} from '@google/genai';
import { startProviders, type SimulatedProviders } from './simulator';
import { trustingFetch } from './testing/trusting-fetch';

let providers: SimulatedProviders;
const clientWith = (apiKey = providers.gemini.apiKey, attempts?: number): GoogleGenAI =>
  new GoogleGenAI({
    apiKey,
    vertexai: false,
    httpOptions: {
      baseUrl: providers.gemini.origin,
      fetch: trustingFetch(providers.certificateAuthorities),
      ...(attempts === undefined ? {} : { retryOptions: { attempts, initialDelay: 0.001, maxDelay: 0.001 } }),
    },
  });
const ask = (client = clientWith(), config: GenerateContentConfig = {}, model = 'gemini-2.5-flash') =>
  client.models.generateContent({
    model,
    contents: 'please repair the bridge. it is closed',
    config: { systemInstruction: 'Write a clearer draft.', maxOutputTokens: 2048, ...config },
  });
const fault = (class_: string, more: object = {}) =>
  providers.setFaults({ queue: [{ fault: { kind: 'error', class: class_, ...more } as never, times: 'always' }] });
const errorOf = async (
  asked: Promise<unknown>,
): Promise<{ status: number; body: { error: Record<string, unknown> } }> => {
  const error: unknown = await asked.catch((reason: unknown) => reason);
  if (!(error instanceof ApiError)) throw new Error(`not an ApiError: ${String(error)}`);
  return { status: error.status, body: JSON.parse(error.message) as { error: Record<string, unknown> } };
};

describe('the Gemini dialect, called by the official SDK', () => {
  beforeAll(async () => {
    providers = await startProviders();
  });
  afterAll(() => providers.close());
  beforeEach(() => {
    providers.setFaults({});
    providers.clearRequests();
  });

  it('answers with usage that adds up', async () => {
    const response = await ask(clientWith(), {
      thinkingConfig: { thinkingBudget: 0 },
      serviceTier: ServiceTier.STANDARD,
      store: false,
    });
    expect(response.text).toBe('Please repair the bridge. It is closed.');
    expect(response).toMatchObject({
      modelVersion: 'gemini-2.5-flash',
      candidates: [{ finishReason: FinishReason.STOP }],
    });
    const { promptTokenCount = 0, candidatesTokenCount = 0, totalTokenCount } = response.usageMetadata ?? {};
    expect(totalTokenCount).toBe(promptTokenCount + candidatesTokenCount);
    expect(response.sdkHttpResponse?.headers?.['x-gemini-service-tier']).toBe('standard');
    expect(providers.requests()).toMatchObject([
      { provider: 'gemini', model: 'gemini-2.5-flash', outcome: 'answered' },
    ]);
  });

  it('counts tool tokens and thoughts separately from prompt and candidates', async () => {
    const counts = { input: 60, cached: 20, tools: 237, output: 173, thinking: 60 };
    providers.setFaults({
      queue: [{ fault: { kind: 'answer', answer: { text: 'Hello', thoughts: 'A plan', counts } } }],
    });
    const response = await ask();
    expect(response.text).toBe('Hello');
    expect(response.candidates?.[0]?.content?.parts).toMatchObject([{ thought: true }, { text: 'Hello' }]);
    expect(response.usageMetadata).toMatchObject({
      promptTokenCount: 80,
      cachedContentTokenCount: 20,
      toolUsePromptTokenCount: 237,
      candidatesTokenCount: 173,
      thoughtsTokenCount: 60,
      totalTokenCount: 550,
    });
  });

  it('lists its models page by page, and returns one by name', async () => {
    const listed: (string | undefined)[] = [];
    for await (const { name } of await clientWith().models.list({ config: { pageSize: 3 } })) listed.push(name);
    expect(listed).toContain('models/gemini-2.5-pro');
    expect(providers.requests().length).toBeGreaterThan(1);
    expect(await clientWith().models.get({ model: 'gemini-2.5-pro' })).toMatchObject({ name: 'models/gemini-2.5-pro' });
    expect(await errorOf(clientWith().models.get({ model: 'gemini-9' }))).toMatchObject({ status: 404 });
  });

  it('marks cut, empty and refused answers', async () => {
    const answers = (['cut', 'empty', 'refused'] as const).map((end) => ({
      fault: { kind: 'answer' as const, answer: { end } },
    }));
    providers.setFaults({ queue: answers });
    expect(await ask()).toMatchObject({ candidates: [{ finishReason: 'MAX_TOKENS', content: { parts: [{}] } }] });
    const empty = await ask();
    expect(empty).toMatchObject({ candidates: [{ finishReason: 'MAX_TOKENS', content: { role: 'model' } }] });
    expect([empty.text, empty.usageMetadata?.thoughtsTokenCount]).toEqual([undefined, 2048]);
    expect(await ask()).toMatchObject({ candidates: [{ finishReason: 'SAFETY' }] });
  });

  it.each([
    ['key', 400, 'INVALID_ARGUMENT', 'API_KEY_INVALID'],
    ['model', 404, 'NOT_FOUND', ''],
    ['request', 400, 'INVALID_ARGUMENT', ''],
    ['rate', 429, 'RESOURCE_EXHAUSTED', '"retryDelay":"20s"'],
    ['quota', 429, 'RESOURCE_EXHAUSTED', 'PerDay'],
    ['free_tier', 429, 'RESOURCE_EXHAUSTED', 'generate_content_free_tier_requests'],
    ['location', 400, 'FAILED_PRECONDITION', 'location is not supported'],
    ['server_error', 500, 'INTERNAL', ''],
    ['overloaded', 503, 'UNAVAILABLE', ''],
  ] as const)('answers with the error class %s', async (class_, status, name, inside) => {
    fault(class_);
    const { body, ...error } = await errorOf(ask());
    expect(error).toEqual({ status });
    expect(body.error).toMatchObject({ code: status, status: name });
    expect(JSON.stringify(body)).toContain(inside);
    expect(providers.calls()).toBe(1);
  });

  it('receives the SDK’s retries if they are on', async () => {
    fault('rate');
    await errorOf(ask(clientWith(providers.gemini.apiKey, 3)));
    expect(providers.calls()).toBe(3);
  });

  it('answers a wrong key with 400', async () => {
    expect(await errorOf(ask(clientWith('wrong')))).toMatchObject({
      status: 400,
      body: { error: { details: [{ reason: 'API_KEY_INVALID' }] } },
    });
  });

  it.each<[string, GenerateContentConfig, string, string]>([
    [
      'a thinking budget of 0 for 2.5 Pro',
      { thinkingConfig: { thinkingBudget: 0 } },
      'gemini-2.5-pro',
      'only works in thinking mode',
    ],
    [
      'a thinking budget of 0 for Gemini 3',
      { thinkingConfig: { thinkingBudget: 0 } },
      'gemini-3-flash-preview',
      'only works in',
    ],
    [
      'minimal thinking for 3 Pro',
      { thinkingConfig: { thinkingLevel: ThinkingLevel.MINIMAL } },
      'gemini-3-pro-preview',
      'Thinking level MINIMAL is not supported',
    ],
    [
      'a thinking level for a model before Gemini 3',
      { thinkingConfig: { thinkingLevel: ThinkingLevel.LOW } },
      'gemini-2.5-flash',
      'Thinking level is not supported',
    ],
    [
      'too small a thinking budget',
      { thinkingConfig: { thinkingBudget: 5 } },
      'gemini-2.5-pro',
      'between 128 and 32768',
    ],
    ['an unknown member', { httpOptions: { extraBody: { think: true } } }, 'gemini-2.5-pro', 'Unknown name'],
  ])('refuses %s', async (_name, config, model, message) => {
    const { status, body } = await errorOf(ask(clientWith(), config, model));
    expect(status).toBe(400);
    expect(body.error['message']).toContain(message);
  });

  it('accepts the least thinking that each model allows', async () => {
    const minimal = { thinkingConfig: { thinkingLevel: ThinkingLevel.MINIMAL } };
    const counts = await Promise.all([
      ask(clientWith(), { thinkingConfig: { thinkingBudget: 128 } }, 'gemini-2.5-pro'),
      ask(clientWith(), minimal, 'gemini-3-flash-preview'),
    ]);
    expect(counts.map(({ usageMetadata }) => usageMetadata?.thoughtsTokenCount ?? 0)).toEqual([128, 0]);
  });

  it('refuses an unknown model', async () => {
    expect(await errorOf(ask(clientWith(), {}, 'gemini-9'))).toMatchObject({ status: 404 });
  });
});
