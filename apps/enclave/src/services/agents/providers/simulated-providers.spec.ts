import { PRICE_TABLE, rowOf, type PricedModel } from '@communique-tee/agents';
import { PROVIDERS, type AgentEnd, type Provider, type UsageState } from '@communique-tee/protocol';
import {
  startProviders,
  type ErrorClass,
  type FaultInput,
  type SimulatedProviders,
  type WrongUsage,
} from '@communique-tee/test-providers';
import { createEgress, destinationOf, pemBlocks, type Egress } from '../../../egress';
import { promptFor } from '../prompts/prompt';
import { requestBytesFor } from '../request-size';
import { DIALECTS, askProvider, type Attempt } from './ask-provider';

const ROWS = PRICE_TABLE.rows.map(({ model, shape: { provider } }): [string, PricedModel] => {
  const row = rowOf(PRICE_TABLE, provider, model, new Date());
  if (!row) throw new Error(`${model} has no price today`);
  return [model, row];
});
const firstOf = (provider: Provider): PricedModel => {
  const row = ROWS.find(([, each]) => each.provider === provider)?.[1];
  if (!row) throw new Error('no row of this provider');
  return row;
};
const TEXT = 'Dear Senator, please repair the bridge on Main Street. It is closed.';

let providers: SimulatedProviders;
let egress: Egress;
beforeAll(async () => {
  providers = await startProviders();
  egress = createEgress(
    { mode: 'direct' },
    PROVIDERS.map((each) => destinationOf(providers[each].origin)),
  );
});
afterAll(() => providers.close());
beforeEach(() => {
  providers.setFaults({});
  providers.clearRequests();
});

function ask(row: PricedModel, timeoutMs = 10_000, apiKey = providers[row.provider].apiKey): Promise<Attempt> {
  const { provider, model } = row;
  const task = {
    version: 1,
    task: 'draft',
    modelClass: 'x',
    maxOutputTokens: 256,
    language: 'en',
    subject: null,
    text: TEXT,
  } as const;
  return askProvider(
    {
      dialect: DIALECTS[provider],
      origin: providers[provider].origin,
      authorities: pemBlocks(providers.certificateAuthorities),
      timeoutMs,
    },
    { row: { ...row, model }, prompt: promptFor(task, '0'.repeat(32)), maxOutputTokens: 256 },
    {
      credentials: { apiKey, organization: provider === 'openai' ? providers.openai.organization : undefined },
      requestBytes: requestBytesFor(4096 + 16),
      egress,
      clock: { nowMs: () => Date.now() },
      beforeSending: new AbortController().signal,
    },
  );
}
const with_ = (fault: FaultInput) => providers.setFaults({ queue: [{ fault, times: 'always' }] });

describe('the request to each model of the price table', () => {
  it.each(ROWS)('is accepted by %s, and the answer has a valid usage', async (_model, row) => {
    expect(await ask(row)).toMatchObject({
      end: 'complete',
      usageState: 'reported',
      againAfterMs: null,
      skippedParts: 0,
    });
    expect(providers.requests()).toMatchObject([{ provider: row.provider, model: row.model, outcome: 'answered' }]);
  });
});

describe.each(PROVIDERS)('an attempt at %s', (provider) => {
  const row = firstOf(provider);

  it('counts thoughts separately, and leaves them out of the text', async () => {
    const counts = { input: 70, cached: 30, output: 50, thinking: 20 };
    with_({ kind: 'answer', answer: { text: 'Dear Senator', thoughts: 'my plan', counts } });
    expect(await ask(row)).toMatchObject({
      text: 'Dear Senator',
      usage: { cacheWrittenShort: 0, cacheWrittenLong: 0, ...counts },
    });
  });

  it.each<WrongUsage>(['absent', 'null', 'negative', 'fraction', 'text', 'null_count', 'total', 'part_above_whole'])(
    'rejects a usage that is wrong: %s',
    async (wrongUsage) => {
      const counts = { input: 70, cached: 30, output: 50, ...(provider !== 'gemini' && { cacheWrittenShort: 5 }) };
      with_({ kind: 'answer', answer: { text: 'Dear Senator', counts, wrongUsage } });
      expect(await ask(row)).toMatchObject({
        end: 'complete',
        text: 'Dear Senator',
        usageState: 'invalid',
        usage: null,
      });
    },
  );

  it.each<[string, FaultInput, AgentEnd, UsageState]>([
    ['is cut', { kind: 'answer', answer: { text: 'Dear', end: 'cut' } }, 'cut', 'reported'],
    ['is empty', { kind: 'answer', answer: { end: 'empty' } }, 'empty', 'reported'],
    ['is refused', { kind: 'answer', answer: { end: 'refused' } }, 'refused', 'reported'],
    ['names another tier', { kind: 'answer', answer: { text: 'Dear', tier: 'priority' } }, 'tier_mismatch', 'invalid'],
    [
      'names another model',
      { kind: 'answer', answer: { text: 'Dear', model: 'another-model' } },
      'tier_mismatch',
      'invalid',
    ],
    ['is HTML', { kind: 'html', status: 200 }, 'malformed', 'unknown'],
    ['is a page of a proxy', { kind: 'html', status: 502, bytes: 200_000 }, 'server_error', 'not_billed'],
    ['is incomplete JSON', { kind: 'malformed' }, 'malformed', 'unknown'],
    ['is compressed', { kind: 'gzip' }, 'malformed', 'unknown'],
    ['has no end', { kind: 'huge' }, 'malformed', 'unknown'],
    ['is two documents', { kind: 'twice', as: 'documents' }, 'malformed', 'unknown'],
    ['is not HTTP', { kind: 'garbage' }, 'malformed', 'unknown'],
    ['is a redirect', { kind: 'redirect', location: 'https://elsewhere.example/' }, 'malformed', 'unknown'],
    ['is cut in its body', { kind: 'cut', at: 'in_the_body' }, 'lost', 'unknown'],
    ['is cut before its head', { kind: 'cut', at: 'after_reading' }, 'lost', 'unknown'],
  ])('makes one request and reports how it ended if the answer %s', async (_what, fault, end, usageState) => {
    with_(fault);
    expect(await ask(row)).toMatchObject({ end, usageState });
    expect(providers.requests()).toHaveLength(1);
  });

  it('has an unknown usage and is not retried if a 200 contains a failure', async () => {
    with_({ kind: 'failed_in_200' });
    expect(await ask(row)).toMatchObject({
      end: provider === 'openai' ? 'server_error' : 'malformed',
      usageState: 'unknown',
      againAfterMs: null,
    });
  });

  it.each<FaultInput>([{ kind: 'stalled' }, { kind: 'silent' }])(
    'ends in time if the provider stalls: %j',
    async (fault) => {
      with_(fault);
      expect(await ask(row, 400)).toMatchObject({ end: 'timed_out', usageState: 'unknown', againAfterMs: null });
    },
  );

  it('takes the first answer if the provider sends two', async () => {
    with_({ kind: 'twice', as: 'answers' });
    expect(await ask(row)).toMatchObject({ end: 'complete', usageState: 'reported' });
  });

  it('ends as `key` if the API key is wrong', async () => {
    expect(await ask(row, 10_000, 'a-wrong-made-up-key')).toMatchObject({
      end: 'key',
      usageState: 'not_billed',
      againAfterMs: null,
    });
  });
});

describe('an error of a provider', () => {
  const CLASSES: [ErrorClass, AgentEnd, readonly Provider[]][] = [
    ['rate', 'rate', PROVIDERS],
    ['quota', 'quota', ['openai', 'gemini']],
    ['funds', 'funds', ['anthropic']],
    ['key', 'key', PROVIDERS],
    ['location', 'location', ['openai', 'gemini']],
    ['model', 'model', PROVIDERS],
    ['request', 'request', PROVIDERS],
    ['overloaded', 'overloaded', PROVIDERS],
    ['server_error', 'server_error', PROVIDERS],
    ['free_tier', 'free_tier', ['gemini']],
  ];

  it.each(CLASSES.flatMap(([errorClass, end, of]) => of.map((provider) => [errorClass, provider, end] as const)))(
    'ends as one word of a closed list and costs nothing: %s of %s',
    async (errorClass, provider, end) => {
      const isBySentence = errorClass === 'funds';
      // Anthropic reports missing funds only by a sentence in the error's text
      with_({
        kind: 'error',
        class: errorClass,
        message: `${isBySentence ? 'Your credit balance is too low. ' : ''}quotes ${TEXT} and ${providers[provider].apiKey}`,
      });
      const attempt = await ask(firstOf(provider));
      expect(attempt).toMatchObject({ end, usageState: 'not_billed', usage: null, text: '', servedModel: null });
      expect(JSON.stringify(attempt)).not.toMatch(/quotes|Senator|test-/);
      expect(providers.requests()).toHaveLength(1);
    },
  );

  it('proposes a second attempt after a short wait, but not after a long one', async () => {
    with_({ kind: 'error', class: 'rate', retryAfterSeconds: 3 });
    for (const provider of PROVIDERS) expect((await ask(firstOf(provider))).againAfterMs).toBe(3000);
    with_({ kind: 'error', class: 'rate', retryAfterSeconds: 30 });
    for (const provider of PROVIDERS) expect((await ask(firstOf(provider))).againAfterMs).toBeNull();
  });
});
