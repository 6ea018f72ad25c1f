import { costMicroUsd, rowOf } from '@communique-tee/agents';
import { TEST_PRICE_TABLE } from '@communique-tee/agents/testing';
import { AGENT_ENDS, usageSchema, type AgentEnd, type Provider, type UsageState } from '@communique-tee/protocol';
import { answerOf } from '../testing/answers';
import { DIALECTS, attemptFrom, type Attempt } from './ask-provider';

const MODELS: Record<Provider, string> = { openai: 'gpt-test', gemini: 'gemini-test', anthropic: 'claude-test' };
const rowIn = (provider: Provider) => {
  const row = rowOf(TEST_PRICE_TABLE, provider, MODELS[provider], new Date());
  if (!row) throw new Error('no such row');
  return row;
};
/** Returns the attempt that ends with a body of these bytes, or of this value as JSON. */
function attempt(provider: Provider, body: unknown, status = 200, headers: Record<string, string> = {}): Attempt {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const question = {
    row: rowIn(provider),
    prompt: { instructions: 'Do it.', input: 'Dear Senator' },
    maxOutputTokens: 1024,
  };
  return attemptFrom(DIALECTS[provider], question, { status, headers, body: bytes, cutBy: null });
}
const openai = (changes: Record<string, unknown>, text = 'Dear') => answerOf('openai', text, changes);
const gemini = (changes: Record<string, unknown>, text = 'Dear') => answerOf('gemini', text, changes);
const anthropic = (changes: Record<string, unknown>, text = 'Dear') => answerOf('anthropic', text, changes);
const geminiUsage = (changes: object) =>
  gemini({
    usageMetadata: {
      promptTokenCount: 80,
      toolUsePromptTokenCount: 237,
      candidatesTokenCount: 173,
      thoughtsTokenCount: 60,
      totalTokenCount: 550,
      ...changes,
    },
  });
const openaiUsage = (changes: object) => openai({ usage: { input_tokens: 100, output_tokens: 50, ...changes } });
const anthropicUsage = (changes: object) => anthropic({ usage: { input_tokens: 100, output_tokens: 50, ...changes } });

describe('the usage of an answer', () => {
  const WRONG = ['120', 30.9, -5, null, true, [], {}, 1e9, 1e300, ''];
  const PLACES: [Provider, string, (wrong: unknown) => object][] = [
    ['gemini', 'promptTokenCount', (wrong) => geminiUsage({ promptTokenCount: wrong })],
    ['gemini', 'toolUsePromptTokenCount', (wrong) => geminiUsage({ toolUsePromptTokenCount: wrong })],
    ['gemini', 'cachedContentTokenCount', (wrong) => geminiUsage({ cachedContentTokenCount: wrong })],
    ['gemini', 'candidatesTokenCount', (wrong) => geminiUsage({ candidatesTokenCount: wrong })],
    ['gemini', 'thoughtsTokenCount', (wrong) => geminiUsage({ thoughtsTokenCount: wrong })],
    ['gemini', 'totalTokenCount', (wrong) => geminiUsage({ totalTokenCount: wrong })],
    ['openai', 'input_tokens', (wrong) => openaiUsage({ input_tokens: wrong })],
    ['openai', 'output_tokens', (wrong) => openaiUsage({ output_tokens: wrong })],
    ['openai', 'total_tokens', (wrong) => openaiUsage({ total_tokens: wrong })],
    ['openai', 'cached_tokens', (wrong) => openaiUsage({ input_tokens_details: { cached_tokens: wrong } })],
    ['openai', 'cache_write_tokens', (wrong) => openaiUsage({ input_tokens_details: { cache_write_tokens: wrong } })],
    ['openai', 'reasoning_tokens', (wrong) => openaiUsage({ output_tokens_details: { reasoning_tokens: wrong } })],
    ['anthropic', 'input_tokens', (wrong) => anthropicUsage({ input_tokens: wrong })],
    ['anthropic', 'output_tokens', (wrong) => anthropicUsage({ output_tokens: wrong })],
  ];
  it.each(PLACES)(
    'is rejected, and the text is shown, if an answer of %s has a malformed %s',
    (provider, _place, with_) => {
      for (const wrong of WRONG) {
        expect({ wrong, ...attempt(provider, with_(wrong)) }).toMatchObject({
          end: 'complete',
          text: 'Dear',
          usageState: 'invalid',
          usage: null,
        });
      }
    },
  );

  it.each<[Provider, object]>([
    ['gemini', geminiUsage({ totalTokenCount: 600 })],
    ['gemini', geminiUsage({ totalTokenCount: 313 })],
    [
      'gemini',
      gemini({ usageMetadata: { promptTokenCount: 100, cachedContentTokenCount: 150, candidatesTokenCount: 5 } }),
    ],
    ['gemini', gemini({ usageMetadata: undefined })],
    ['gemini', gemini({ usageMetadata: 'none' })],
    ['openai', openai({ usage: undefined })],
    ['openai', openaiUsage({ input_tokens_details: { cached_tokens: 150 } })],
    ['openai', openaiUsage({ input_tokens_details: [{ cache_write_tokens: 90 }] })],
    ['openai', openaiUsage({ input_tokens_details: 'cache_write_tokens: 90' })],
    ['openai', openaiUsage({ input_tokens_details: { cache_write_tokens: 9, cache_write_tokens_details: [9] } })],
    ['openai', openaiUsage({ output_tokens_details: 20 })],
    ['anthropic', anthropic({ usage: null })],
    ['anthropic', anthropicUsage({ cache_creation_input_tokens: '7' })],
    ['anthropic', anthropicUsage({ cache_creation_input_tokens: 7, cache_creation: { ephemeral_1h_input_tokens: 8 } })],
    ['anthropic', anthropicUsage({ cache_creation: [{ ephemeral_1h_input_tokens: 600 }] })],
    ['anthropic', anthropicUsage({ cache_creation: '1h' })],
    ['anthropic', anthropicUsage({ cache_read_input_tokens: -1 })],
    ['anthropic', anthropicUsage({ output_tokens_details: 6 })],
  ])('is rejected if the counts of %s do not add up or are hidden in another type: %j', (provider, body) => {
    expect(attempt(provider, body)).toMatchObject({ end: 'complete', usageState: 'invalid', usage: null });
  });

  it('counts thoughts even if they are far above the allowance', () => {
    const usageMetadata = {
      promptTokenCount: 38_651,
      candidatesTokenCount: 1301,
      thoughtsTokenCount: 355_987,
      totalTokenCount: 395_939,
    };
    const { usage } = attempt('gemini', gemini({ usageMetadata }));
    expect(costMicroUsd(usage!, rowIn('gemini'))).toBe(38_651n + 6n * 357_288n);
  });
});

describe('an answer without usable content, or with only a part of it', () => {
  const REASONING = [{ type: 'reasoning' }];
  const HTML = '<html>quotes Dear Senator and sk-test</html>';

  it.each<[string, Provider, unknown, AgentEnd, UsageState]>([
    [
      'thinking that used all tokens',
      'gemini',
      gemini({
        candidates: [{ content: { role: 'model' }, finishReason: 'MAX_TOKENS' }],
        usageMetadata: { promptTokenCount: 100, thoughtsTokenCount: 2040, totalTokenCount: 2140 },
      }),
      'empty',
      'reported',
    ],
    [
      'reasoning alone',
      'openai',
      openai({
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: REASONING,
        usage: { input_tokens: 100, output_tokens: 2040, output_tokens_details: { reasoning_tokens: 2040 } },
      }),
      'empty',
      'reported',
    ],
    ['blanks alone', 'anthropic', anthropic({ stop_reason: 'max_tokens' }, ' \n'), 'empty', 'reported'],
    ['a whole answer without blocks', 'anthropic', anthropic({ content: [] }), 'empty', 'reported'],
    ['cut text', 'anthropic', anthropic({ stop_reason: 'max_tokens' }), 'cut', 'reported'],
    [
      'a failure in a 200',
      'openai',
      { status: 'failed', error: { code: 'server_error' }, output: REASONING, usage: null },
      'server_error',
      'unknown',
    ],
    ['an error in a 200', 'gemini', { error: { code: 429 } }, 'malformed', 'unknown'],
    ['a canceled answer', 'openai', openai({ status: 'cancelled' }), 'malformed', 'unknown'],
    ['an answer that has not begun', 'openai', openai({ status: 'queued', output: [] }), 'malformed', 'unknown'],
    ['a status of another kind', 'openai', openai({ status: ['completed'] }), 'malformed', 'unknown'],
    ['HTML', 'openai', HTML, 'malformed', 'unknown'],
    ['an empty body', 'gemini', '', 'malformed', 'unknown'],
    ['the body null', 'anthropic', 'null', 'malformed', 'unknown'],
    ['a byte order mark', 'anthropic', `\ufeff${JSON.stringify(anthropic({}))}`, 'malformed', 'unknown'],
    ['a body that is not UTF-8', 'gemini', Uint8Array.of(0x22, 0xff, 0x22), 'malformed', 'unknown'],
    ['an answer in a list', 'gemini', [gemini({})], 'malformed', 'unknown'],
    ['events of a stream', 'openai', `data: ${JSON.stringify(openai({}))}\n\n`, 'malformed', 'unknown'],
    ['no candidate', 'gemini', gemini({ candidates: [] }), 'malformed', 'unknown'],
    ['content of another kind', 'anthropic', anthropic({ content: 'Dear' }), 'malformed', 'unknown'],
    ['brackets without end', 'openai', '['.repeat(500_000), 'malformed', 'unknown'],
    [
      'a refusal with 412 input tokens and no output token',
      'anthropic',
      anthropic({ stop_reason: 'refusal', content: [], usage: { input_tokens: 412, output_tokens: 0 } }),
      'refused',
      'reported',
    ],
    [
      'a refusal beside text',
      'openai',
      openai({
        output: [
          {
            type: 'message',
            content: [
              { type: 'output_text', text: 'Dear' },
              { type: 'refusal', refusal: 'No.' },
            ],
          },
        ],
      }),
      'refused',
      'reported',
    ],
    [
      'recitation',
      'gemini',
      gemini({ candidates: [{ content: { parts: [] }, finishReason: 'RECITATION' }] }),
      'refused',
      'reported',
    ],
    ...['NEW_REASON', 'FINISH_REASON_UNSPECIFIED', 'LANGUAGE', 'OTHER', 'stop', '', null, 5, ['STOP'], 'toString'].map(
      (finishReason): [string, Provider, unknown, AgentEnd, UsageState] => [
        `the reason ${JSON.stringify(finishReason)}`,
        'gemini',
        gemini({ candidates: [{ content: { parts: [{ text: 'Dear' }] }, finishReason }] }),
        'other',
        'reported',
      ],
    ),
    ...['pause_turn', 'tool_use', 'compaction', 'END_TURN', null, 0, '__proto__'].map(
      (stop_reason): [string, Provider, unknown, AgentEnd, UsageState] => [
        `the reason ${JSON.stringify(stop_reason)}`,
        'anthropic',
        anthropic({ stop_reason }),
        'other',
        'reported',
      ],
    ),
    ...['new_reason', 'MAX_OUTPUT_TOKENS', null, {}].map(
      (reason): [string, Provider, unknown, AgentEnd, UsageState] => [
        `the reason ${JSON.stringify(reason)}`,
        'openai',
        openai({ status: 'incomplete', incomplete_details: { reason } }),
        'other',
        'reported',
      ],
    ),
    ...['priority', 'flex', 'auto', 'scale', 'DEFAULT', '', 5, {}].map(
      (service_tier): [string, Provider, unknown, AgentEnd, UsageState] => [
        `the tier ${JSON.stringify(service_tier)}`,
        'openai',
        openai({ service_tier }),
        'tier_mismatch',
        'invalid',
      ],
    ),
    [
      'a cache although the request turned it off',
      'openai',
      openai({ prompt_cache_options: { mode: 'implicit', ttl: '30m' } }),
      'tier_mismatch',
      'invalid',
    ],
    ['a stored answer', 'openai', openai({ store: true }), 'tier_mismatch', 'invalid'],
    ...['priority', 'batch', 'Standard', 5].map((service_tier): [string, Provider, unknown, AgentEnd, UsageState] => [
      `the tier ${JSON.stringify(service_tier)}`,
      'anthropic',
      anthropicUsage({ service_tier }),
      'tier_mismatch',
      'invalid',
    ]),
    ...['us', 'eu', '', 5, ['global']].map((inference_geo): [string, Provider, unknown, AgentEnd, UsageState] => [
      `the geography ${JSON.stringify(inference_geo)}`,
      'anthropic',
      anthropicUsage({ inference_geo }),
      'tier_mismatch',
      'invalid',
    ]),
    ...['priority', 'FLEX', 5, null].map((serviceTier): [string, Provider, unknown, AgentEnd, UsageState] => [
      `the tier ${JSON.stringify(serviceTier)}`,
      'gemini',
      geminiUsage({ serviceTier }),
      'tier_mismatch',
      'invalid',
    ]),
  ])('ends the attempt without a retry: %s of %s', (_name, provider, body, end, usageState) => {
    const found = attempt(provider, body);
    expect(found).toMatchObject({ end, usageState, againAfterMs: null });
    expect(AGENT_ENDS).toContain(found.end);
    expect(found.usage === null || usageSchema.safeParse(found.usage).success).toBe(true);
    if (usageState === 'reported') expect(costMicroUsd(found.usage!, rowIn(provider)) > 0n).toBe(true);
    if (!['cut', 'tier_mismatch'].includes(end)) expect(found.text.trim()).toBe('');
    expect(JSON.stringify(found)).not.toMatch(/quotes|sk-test|No\./);
  });

  it.each([201, 202, 203, 204, 206, 301, 304, 308, 600, 999])(
    'with status %d is malformed, and has no known usage',
    (status) => {
      for (const provider of ['openai', 'gemini', 'anthropic'] as const)
        expect(attempt(provider, answerOf(provider, 'Dear'), status)).toMatchObject({
          end: 'malformed',
          usageState: 'unknown',
          text: '',
        });
    },
  );

  it.each(['gzip', 'br', 'GZIP', 'identity, gzip', 'x', ''])('in the encoding %j is malformed', (encoding) => {
    expect(attempt('openai', openai({}), 200, { 'content-encoding': encoding })).toMatchObject({
      end: 'malformed',
      usageState: 'unknown',
    });
  });
});

describe('the shown text has no thoughts and no unknown parts of an answer', () => {
  const content = [
    { type: 'thinking' },
    { type: 'redacted_thinking' },
    { type: 'text', text: 'Dear Senator' },
    { type: 'new_block' },
  ];
  const parts = [{ text: 'plan', thought: true }, { text: 'Dear ', thoughtSignature: 's' }, { text: 'Senator' }];
  const message = (text: string, more: object = {}) => ({
    type: 'message',
    content: [{ type: 'output_text', text }],
    ...more,
  });

  it.each<[string, Provider, object, number]>([
    [
      'a signature on a part that is no thought',
      'gemini',
      gemini({ candidates: [{ content: { parts }, finishReason: 'STOP' }] }),
      0,
    ],
    ...[1, 'true', {}, 'x'].map((thought): [string, Provider, object, number] => [
      `a thought with the flag ${JSON.stringify(thought)}`,
      'gemini',
      gemini({
        candidates: [
          {
            content: {
              parts: [
                { text: 'plan', thought },
                { text: 'Dear Senator', thought: false },
              ],
            },
            finishReason: 'STOP',
          },
        ],
      }),
      0,
    ]),
    ['blocks of other kinds', 'anthropic', anthropic({ content }), 1],
    [
      'malformed blocks',
      'anthropic',
      anthropic({
        content: [
          null,
          'plan',
          5,
          [],
          { text: 'plan' },
          { type: 'text', text: 'Dear Senator' },
          { type: 'text', text: 5 },
        ],
      }),
      5,
    ],
    [
      'commentary before the answer',
      'openai',
      openai({
        output: [
          message('I will make it clearer.', { phase: 'commentary' }),
          { type: 'reasoning' },
          message('Dear Senator', { phase: 'final_answer' }),
        ],
      }),
      1,
    ],
    [
      'a message of an unknown phase',
      'openai',
      openai({ output: [message('plan', { phase: 'draft' }), message('Dear Senator', { phase: null })] }),
      1,
    ],
    [
      'malformed items and parts',
      'openai',
      openai({ output: [null, 'plan', { content: [{ type: 'output_text', text: 'plan' }] }, message('Dear Senator')] }),
      3,
    ],
  ])('with %s, from %s', (_name, provider, body, skippedParts) => {
    expect(attempt(provider, body)).toMatchObject({ end: 'complete', text: 'Dear Senator', skippedParts });
  });
});
