import { costMicroUsd, rowOf, sameModel } from '@communique-tee/agents';
import { TEST_PRICE_TABLE, testRow } from '@communique-tee/agents/testing';
import { PROVIDERS, type Provider } from '@communique-tee/protocol';
import { DIALECTS } from './ask-provider';
import { answerOf } from '../testing/answers';
import type { Json, Question } from './dialect';

const MODELS: Record<Provider, string> = { openai: 'gpt-test', gemini: 'gemini-test', anthropic: 'claude-test' };
const rowIn = (provider: Provider, model = MODELS[provider]) => {
  const row = rowOf(TEST_PRICE_TABLE, provider, model, new Date());
  if (!row) throw new Error('no such row');
  return row;
};
const question = (provider: Provider, model?: string): Question => ({
  row: rowIn(provider, model),
  prompt: { instructions: 'Do it.', input: 'Dear Senator' },
  maxOutputTokens: 1024,
});
const read = (provider: Provider, body: Json) => DIALECTS[provider].answered(body, question(provider));
const usage = (provider: Provider, counts: object | undefined) =>
  read(provider, answerOf(provider, 'Dear', provider === 'gemini' ? { usageMetadata: counts } : { usage: counts }))
    ?.usage;
const NO_HEADER = () => undefined;
const failure = (provider: Provider, status: number, body: Json, headers: Record<string, string> = {}) =>
  DIALECTS[provider].failed(status, body, (name) => headers[name]);

describe('the tokens of an answer', () => {
  it('counts OpenAI’s cache writes as cache writes, and not also as input', () => {
    const counted = usage('openai', {
      input_tokens: 18_014,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 18_011 },
      output_tokens: 10,
    });
    expect(counted).toEqual({
      input: 3,
      cached: 0,
      cacheWrittenShort: 18_011,
      cacheWrittenLong: 0,
      output: 10,
      thinking: 0,
    });
    expect(costMicroUsd(counted!, rowIn('openai'))).toBe(22_577n);
  });

  it('counts Anthropic’s cache writes by lifetime, in addition to the input', () => {
    const counted = usage('anthropic', {
      input_tokens: 3,
      cache_creation_input_tokens: 1000,
      cache_creation: { ephemeral_5m_input_tokens: 400, ephemeral_1h_input_tokens: 600 },
      cache_read_input_tokens: 0,
      output_tokens: 10,
    });
    expect(counted).toEqual({
      input: 3,
      cached: 0,
      cacheWrittenShort: 400,
      cacheWrittenLong: 600,
      output: 10,
      thinking: 0,
    });
    expect(costMicroUsd(counted!, rowIn('anthropic'))).toBe(1763n);
  });

  it('counts Anthropic’s cache writes without lifetimes at the higher price, and null as 0', () => {
    expect(
      usage('anthropic', { input_tokens: 3, cache_creation_input_tokens: 7, cache_creation: null, output_tokens: 1 }),
    ).toMatchObject({
      cacheWrittenShort: 0,
      cacheWrittenLong: 7,
    });
    expect(
      usage('anthropic', {
        input_tokens: 3,
        cache_creation_input_tokens: null,
        cache_read_input_tokens: null,
        output_tokens: 1,
      }),
    ).toMatchObject({ input: 3, cached: 0, cacheWrittenLong: 0 });
  });

  it('counts Gemini’s tokens of tools as input, and adds its thoughts to the output of the candidates', () => {
    const counted = usage('gemini', {
      promptTokenCount: 80,
      toolUsePromptTokenCount: 237,
      candidatesTokenCount: 173,
      thoughtsTokenCount: 60,
      totalTokenCount: 550,
    });
    expect(counted).toEqual({
      input: 317,
      cached: 0,
      cacheWrittenShort: 0,
      cacheWrittenLong: 0,
      output: 173,
      thinking: 60,
    });
    expect(costMicroUsd(counted!, rowIn('gemini'))).toBe(317n + 6n * 233n);
  });

  it('separates OpenAI’s reasoning from visible output, and cached input from other input', () => {
    expect(
      usage('openai', {
        input_tokens: 100,
        input_tokens_details: {
          cached_tokens: 60,
          cache_write_tokens: 30,
          cache_write_tokens_details: { ttl_30m_tokens: 10, ttl_12h_tokens: 20 },
        },
        output_tokens: 50,
        output_tokens_details: { reasoning_tokens: 20 },
        total_tokens: 150,
      }),
    ).toEqual({ input: 10, cached: 60, cacheWrittenShort: 10, cacheWrittenLong: 20, output: 30, thinking: 20 });
  });

  it.each<[string, object | undefined]>([
    ['parts whose sum is not the total', { promptTokenCount: 317, candidatesTokenCount: 233, totalTokenCount: 600 }],
    [
      'more cached tokens than prompt tokens',
      { promptTokenCount: 100, cachedContentTokenCount: 150, candidatesTokenCount: 5 },
    ],
    ['a count that is a text', { promptTokenCount: '120', candidatesTokenCount: 5 }],
    ['a count that is a fraction', { promptTokenCount: 30.9, candidatesTokenCount: 5 }],
    ['a negative count', { promptTokenCount: 100, candidatesTokenCount: -5 }],
    ['a count that is null', { promptTokenCount: 100, candidatesTokenCount: null }],
    ['more tokens than any model reads', { promptTokenCount: 100_000_001, candidatesTokenCount: 5 }],
    ['a number beyond 2^53', { promptTokenCount: 2 ** 60, candidatesTokenCount: 5 }],
    ['no token for the prompt', { promptTokenCount: 0, candidatesTokenCount: 5 }],
    ['no token for the text', { promptTokenCount: 100, candidatesTokenCount: 0 }],
    ['no usage', undefined],
  ])('rejects a usage with %s', (_name, counts) => {
    expect(usage('gemini', counts)).toBeNull();
  });

  it.each(PROVIDERS)('rejects a usage of %s that is null, a list or without counts', (provider) => {
    for (const counts of [null, [], {}, 5] as object[]) expect(usage(provider, counts)).toBeNull();
  });

  it.each<[Provider, object]>([
    [
      'openai',
      { input_tokens: 100, input_tokens_details: { cached_tokens: 90, cache_write_tokens: 20 }, output_tokens: 5 },
    ],
    ['openai', { input_tokens: 100, output_tokens: 5, output_tokens_details: { reasoning_tokens: 6 } }],
    ['openai', { input_tokens: 100, output_tokens: 5, total_tokens: 104 }],
    ['anthropic', { input_tokens: 9, output_tokens: 5, output_tokens_details: { thinking_tokens: 6 } }],
    [
      'anthropic',
      {
        input_tokens: 9,
        output_tokens: 5,
        cache_creation_input_tokens: 5,
        cache_creation: { ephemeral_5m_input_tokens: 4 },
      },
    ],
  ])('rejects a usage of %s whose parts do not add up to their total', (provider, counts) => {
    expect(usage(provider, counts)).toBeNull();
  });
});

describe('how an answer ended', () => {
  const gemini = (candidate: object) => answerOf('gemini', '', { candidates: [candidate] });

  it.each<[string, Provider, object, string, string]>([
    [
      'MAX_TOKENS without parts',
      'gemini',
      gemini({ content: { role: 'model' }, finishReason: 'MAX_TOKENS' }),
      'cut',
      '',
    ],
    ['RECITATION', 'gemini', gemini({ content: { parts: [] }, finishReason: 'RECITATION' }), 'refused', ''],
    [
      'a new reason with text',
      'gemini',
      gemini({ content: { parts: [{ text: 'Dear' }] }, finishReason: 'NEW_REASON' }),
      'other',
      'Dear',
    ],
    ['no reason', 'gemini', gemini({ content: { parts: [{ text: 'Dear' }] } }), 'other', 'Dear'],
    ['a reason that every object has', 'gemini', gemini({ content: {}, finishReason: 'constructor' }), 'other', ''],
    ['a blocked prompt', 'gemini', { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: {} }, 'refused', ''],
    [
      'incomplete with reasoning alone',
      'openai',
      answerOf('openai', '', {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ type: 'reasoning' }],
      }),
      'cut',
      '',
    ],
    [
      'incomplete for an unknown reason',
      'openai',
      answerOf('openai', 'Dear', { status: 'incomplete', incomplete_details: {} }),
      'other',
      'Dear',
    ],
    [
      'a content filter',
      'openai',
      answerOf('openai', '', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }),
      'refused',
      '',
    ],
    [
      'a part that refuses',
      'openai',
      answerOf('openai', '', { output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }] }),
      'refused',
      '',
    ],
    ['max_tokens with text', 'anthropic', answerOf('anthropic', 'Dear', { stop_reason: 'max_tokens' }), 'cut', 'Dear'],
    [
      'a refusal without content',
      'anthropic',
      answerOf('anthropic', '', { stop_reason: 'refusal', content: [] }),
      'refused',
      '',
    ],
    ['a new reason', 'anthropic', answerOf('anthropic', 'Dear', { stop_reason: 'new_reason' }), 'other', 'Dear'],
  ])('reads the end and the text of an answer with %s from %s', (_name, provider, body, end, text) => {
    expect(read(provider, body)).toMatchObject({ end, text });
  });

  it.each(PROVIDERS)('reads a whole answer of %s', (provider) => {
    expect(read(provider, answerOf(provider, 'Dear Senator'))).toEqual({
      end: 'complete',
      text: 'Dear Senator',
      usage: { input: 100, cached: 0, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 50, thinking: 0 },
      servedModel: MODELS[provider],
      asRequested: true,
      skippedParts: 0,
    });
  });
});

describe('the text of an answer', () => {
  it('consists of Gemini’s parts that are not thoughts, with or without a signature', () => {
    const parts = [
      { text: 'plan', thought: true },
      { text: 'Dear ', thoughtSignature: 's' },
      { text: 'Senator' },
      { inlineData: {} },
    ];
    expect(
      read('gemini', answerOf('gemini', '', { candidates: [{ content: { parts }, finishReason: 'STOP' }] })),
    ).toMatchObject({
      text: 'Dear Senator',
      skippedParts: 1,
    });
  });

  it('consists of Anthropic’s text blocks; unknown blocks are skipped and counted', () => {
    const content = [
      { type: 'thinking', thinking: 'plan' },
      { type: 'redacted_thinking', data: 'x' },
      { type: 'text', text: 'Dear Senator' },
      { type: 'new_block', text: 'not this' },
    ];
    expect(read('anthropic', answerOf('anthropic', '', { content }))).toMatchObject({
      text: 'Dear Senator',
      skippedParts: 1,
    });
  });

  it('consists of the text parts of OpenAI’s messages; unknown items and parts are skipped and counted', () => {
    const output = [
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'plan' }] },
      { type: 'new_item', text: 'not this' },
      {
        type: 'message',
        content: [
          { type: 'output_text', text: 'Dear Senator' },
          { type: 'new_part', text: 'nor this' },
        ],
      },
    ];
    expect(read('openai', answerOf('openai', '', { output }))).toMatchObject({ text: 'Dear Senator', skippedParts: 2 });
  });
});

describe('what an answer reports of tier and model', () => {
  it.each<[Provider, object]>([
    ['openai', { service_tier: 'priority' }],
    ['openai', { store: true }],
    ['anthropic', { usage: { input_tokens: 1, output_tokens: 1, service_tier: 'priority' } }],
    ['anthropic', { usage: { input_tokens: 1, output_tokens: 1, speed: 'fast' } }],
    ['gemini', { usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, serviceTier: 'priority' } }],
  ])('reports that %s did not do what the request asked for: %j', (provider, changes) => {
    expect(read(provider, answerOf(provider, 'Dear', changes as Record<string, unknown>))).toMatchObject({
      asRequested: false,
    });
  });

  it('notices a longer cache retention than the request asked for', () => {
    const row = { ...testRow('gpt-test', { provider: 'openai', effort: 'none', cache: 'in_memory', sampling: false }) };
    const answered = (retention: string) =>
      DIALECTS.openai.answered(answerOf('openai', 'Dear', { prompt_cache_retention: retention }), {
        ...question('openai'),
        row,
      });
    expect([answered('24h')?.asRequested, answered('in_memory')?.asRequested]).toEqual([false, true]);
  });

  it.each([
    ['claude-haiku-4-5', 'claude-haiku-4-5-20251001'],
    ['gpt-5.5-pro', 'gpt-5.5-pro-2026-04-23'],
    ['gemini-2.5-pro', 'models/gemini-2.5-pro'],
  ])('treats %s and %s as one model, and keeps the name in the answer', (configured, answered) => {
    expect(sameModel(configured, answered)).toBe(true);
    expect(read('openai', answerOf('openai', 'Dear', { model: answered }))?.servedModel).toBe(answered);
  });

  it('drops a malformed model name', () => {
    for (const model of ['a b', 'x'.repeat(65), 'é', 'Dear', 'models/', 5, null])
      expect(read('openai', answerOf('openai', '', { model }))?.servedModel).toBeNull();
  });

  it.each<[Provider, string]>([
    ['openai', 'model'],
    ['gemini', 'modelVersion'],
    ['anthropic', 'model'],
  ])(
    'treats a malformed model name of %s as another model, and a missing name as the requested model',
    (provider, name) => {
      const asRequested = (model: unknown) =>
        read(provider, answerOf(provider, 'Dear', { [name]: model }))?.asRequested;
      for (const model of ['GPT-5.5-PRO', 'ft:dear', 'a b', '', 5, {}]) expect(asRequested(model)).toBe(false);
      for (const model of [undefined, null]) expect(asRequested(model)).toBe(true);
    },
  );
});

describe('a failed request', () => {
  const googleError = (code: number, status: string, details: object[] = []) => ({
    error: { code, status, message: 'key AIza… draft', details },
  });
  const anthropicError = (type: string, message = 'x') => ({ type: 'error', error: { type, message } });
  const openaiError = (code: string | null) => ({ error: { code, message: 'sk-… draft', type: 'x' } });
  const quota = (quotaMetric: string, quotaId = '') => ({ violations: [{ quotaMetric, quotaId }] });

  it.each<[string, Provider, number, Json]>([
    [
      'funds',
      'anthropic',
      400,
      anthropicError('invalid_request_error', 'Your credit balance is too low to access the API.'),
    ],
    [
      'quota',
      'anthropic',
      400,
      anthropicError('invalid_request_error', 'You have reached your specified API usage limits.'),
    ],
    ['request', 'anthropic', 400, anthropicError('invalid_request_error', 'temperature: not supported')],
    ['key', 'anthropic', 401, anthropicError('authentication_error')],
    ['location', 'anthropic', 403, anthropicError('forbidden', 'Request not allowed')],
    ['model', 'anthropic', 404, anthropicError('not_found_error')],
    ['rate', 'anthropic', 429, anthropicError('rate_limit_error')],
    ['overloaded', 'anthropic', 529, anthropicError('overloaded_error')],
    ['key', 'gemini', 400, googleError(400, 'INVALID_ARGUMENT', [{ reason: 'API_KEY_INVALID' }])],
    ['location', 'gemini', 400, googleError(400, 'FAILED_PRECONDITION')],
    ['request', 'gemini', 400, googleError(400, 'INVALID_ARGUMENT')],
    [
      'free_tier',
      'gemini',
      429,
      googleError(429, 'RESOURCE_EXHAUSTED', [
        quota('generativelanguage.googleapis.com/generate_content_free_tier_requests'),
      ]),
    ],
    [
      'quota',
      'gemini',
      429,
      googleError(429, 'RESOURCE_EXHAUSTED', [quota('generate_content_requests', 'RequestsPerDayPerProject')]),
    ],
    [
      'rate',
      'gemini',
      429,
      googleError(429, 'RESOURCE_EXHAUSTED', [quota('generate_content_requests', 'RequestsPerMinute')]),
    ],
    ['model', 'gemini', 404, googleError(404, 'NOT_FOUND')],
    ['overloaded', 'gemini', 503, googleError(503, 'UNAVAILABLE')],
    ['key', 'openai', 401, openaiError('invalid_api_key')],
    ['location', 'openai', 403, openaiError('unsupported_country_region_territory')],
    ['model', 'openai', 404, openaiError('model_not_found')],
    ['request', 'openai', 404, openaiError(null)],
    ['request', 'openai', 400, openaiError('unsupported_parameter')],
    ['quota', 'openai', 429, openaiError('insufficient_quota')],
    ['rate', 'openai', 429, openaiError('rate_limit_exceeded')],
    ['server_error', 'openai', 500, openaiError('server_error')],
    ['server_error', 'openai', 502, null],
    [
      'server_error',
      'openai',
      200,
      { status: 'failed', error: { code: 'server_error' }, output: [{ type: 'reasoning' }], usage: null },
    ],
    ['malformed', 'openai', 200, { error: { code: 429 } }],
    ['malformed', 'gemini', 200, { error: { code: 429 } }],
    ['malformed', 'anthropic', 200, anthropicError('overloaded_error')],
  ])('ends as %s, read from the body of %s and the status %i', (end, provider, status, body) => {
    if (status === 200) expect(read(provider, body)).toBeNull();
    expect(failure(provider, status, body)).toEqual({ end, waitMs: null });
  });

  it.each(PROVIDERS)('reads hostile bodies of %s without throwing', (provider) => {
    const hostile: Json[] = [
      null,
      [],
      5,
      'x',
      { error: [] },
      { error: { code: 'constructor', type: '__proto__', details: {} } },
      { candidates: {} },
    ];
    for (const body of hostile) {
      expect(read(provider, body)).toBeNull();
      expect(DIALECTS[provider].failed(400, body, NO_HEADER).end).toBe('request');
    }
  });

  it('reads the wait that a provider asks for', () => {
    expect(failure('openai', 429, openaiError('rate_limit_exceeded'), { 'retry-after': '2' }).waitMs).toBe(2000);
    expect(failure('openai', 429, {}, { 'retry-after-ms': '150', 'retry-after': '2' }).waitMs).toBe(150);
    expect(failure('anthropic', 429, {}, { 'retry-after': 'Mon, 30 Nov 2026 00:00:00 GMT' }).waitMs).toBeNull();
    expect(failure('gemini', 429, googleError(429, 'RESOURCE_EXHAUSTED', [{ retryDelay: '3.5s' }])).waitMs).toBe(3500);
  });
});

describe('a request', () => {
  it('to OpenAI stores no data, names the tier and the cache, and sets no sampling', () => {
    expect(DIALECTS.openai.request(question('openai'))).toEqual({
      model: 'gpt-test',
      instructions: 'Do it.',
      input: 'Dear Senator',
      max_output_tokens: 1024,
      reasoning: { effort: 'none' },
      store: false,
      service_tier: 'default',
      prompt_cache_options: { mode: 'explicit' },
    });
  });

  it('to Gemini turns thinking off by budget, or down by level, and adds the allowance for thinking', () => {
    expect(DIALECTS.gemini.request(question('gemini'))).toMatchObject({
      store: false,
      serviceTier: 'standard',
      generationConfig: {
        candidateCount: 1,
        maxOutputTokens: 1024,
        thinkingConfig: { includeThoughts: false, thinkingBudget: 0 },
      },
    });
    expect(DIALECTS.gemini.request(question('gemini', 'gemini-test-thinking'))).toMatchObject({
      generationConfig: { maxOutputTokens: 1536, thinkingConfig: { includeThoughts: false, thinkingLevel: 'minimal' } },
    });
  });

  it('to Anthropic disables thinking, keeps the standard tier, and marks no part for a cache', () => {
    expect(DIALECTS.anthropic.request(question('anthropic'))).toEqual({
      model: 'claude-test',
      system: 'Do it.',
      messages: [{ role: 'user', content: 'Dear Senator' }],
      max_tokens: 1024,
      service_tier: 'standard_only',
      thinking: { type: 'disabled' },
      inference_geo: 'global',
    });
  });

  it('to Anthropic names no geography if the model refuses one', () => {
    const shape = { provider: 'anthropic', thinking: 'unset', geography: 'unset', sampling: true } as const;
    const row = testRow('claude-test', shape);
    expect(DIALECTS.anthropic.request({ ...question('anthropic'), row })).not.toHaveProperty('inference_geo');
  });

  it.each(PROVIDERS)('to %s names no user, no stream and no sampling parameter', (provider) => {
    const text = JSON.stringify(DIALECTS[provider].request(question(provider)));
    expect(text).not.toMatch(/"(user|metadata|safety_identifier|stream|temperature|top_?[pk]|seed|tools)":/i);
  });

  it('has an organization header only if an organization is configured', () => {
    expect(DIALECTS.openai.headers({ apiKey: 'sk-test-key' })).toEqual({ authorization: 'Bearer sk-test-key' });
    expect(DIALECTS.openai.headers({ apiKey: 'sk-test-key', organization: undefined })).toEqual({
      authorization: 'Bearer sk-test-key',
    });
    expect(DIALECTS.openai.headers({ apiKey: 'sk-test-key', organization: 'org-test' })).toMatchObject({
      'openai-organization': 'org-test',
    });
  });

  it('throws for a price table row of another provider', () => {
    expect(() => DIALECTS.gemini.request(question('openai'))).toThrow(TypeError);
  });
});
