import { PRICE_TABLE } from '@communique-tee/agents';
import {
  LIMITS,
  TASKS,
  decodeAgentRequest,
  messageIdToText,
  type AgentOutcome,
  type AgentEnd,
} from '@communique-tee/protocol';
import { connect, mostATaskCosts, type AgentState, type Client, type TaskRequest } from '..';
import { TestGateway } from '../testing/test-gateway';

const CLASS = {
  id: 'small',
  provider: 'openai' as const,
  model: 'gpt-6-luna',
  tasks: ['draft' as const, 'subject' as const],
  maxOutputTokens: 1024,
};
const task = (changes: Partial<TaskRequest> = {}): TaskRequest => ({
  task: 'draft',
  modelClass: 'small',
  language: 'en',
  text: 'Please keep our parks open.',
  ...changes,
});
const failing = (code: string, more: object = {}) =>
  expect.objectContaining({ name: 'ClientError', code, ...more }) as Error;

let gateway: TestGateway;
let client: Client;

beforeEach(async () => {
  gateway = await TestGateway.start();
  gateway.agents.classes = [CLASS];
  client = await connect(gateway.url, gateway.policy, { token: () => 'token' });
});
afterEach(() => gateway.stop());

describe('a task', () => {
  it('returns the text, the verified statement and the cost', async () => {
    const steps: string[] = [];
    const onState = ({ step }: AgentState) => steps.push(step);
    const result = await client.agent(task({ subject: 'Parks' }), { onState });
    expect(result).toMatchObject({
      outcome: 'complete',
      text: 'Dear Senator',
      problem: null,
      // 700 tokens of input at $0.10 per million, and 41 of output at $0.50 per million
      chargedMicroUsd: 91n,
      costChecked: true,
      statement: { model: 'gpt-6-luna', attempt: 1, end: 'complete', usage: { input: 700, output: 41 } },
    });
    expect(steps).toEqual(['attesting', 'attested', 'sealed', 'posting', 'ended']);
    expect(gateway.agents.asked).toEqual([
      { version: 1, ...task({ subject: 'Parks' }), maxOutputTokens: CLASS.maxOutputTokens },
    ]);
    const { body, token } = gateway.agents.posted[0]!;
    expect(token).toBe('Bearer token');
    expect(Buffer.from(body).includes('parks open')).toBe(false);
    const { sealed } = decodeAgentRequest(body);
    expect(messageIdToText(sealed.messageId)).toBe(result.id);
    expect(result.id).toMatch(/^.{14}4.{4}[89ab]/);
    const nowSeconds = Date.now() / 1000;
    expect(sealed.expiresAtSeconds).toBeGreaterThan(nowSeconds + 120);
    expect(sealed.expiresAtSeconds).toBeLessThan(nowSeconds + LIMITS.maxTaskLifetimeSeconds);
  });

  it('has the same length and the same values outside its seal for each kind of task', async () => {
    gateway.agents.classes = [{ ...CLASS, tasks: [...TASKS] }];
    client = await connect(gateway.url, gateway.policy, { token: () => 'token' });
    for (const name of TASKS) await client.agent(task({ task: name }));
    const outside = gateway.agents.posted.map(({ body }) => [body.length, decodeAgentRequest(body).maxOutputTokens]);
    expect(outside).toEqual(TASKS.map(() => [outside[0]?.[0], 1024]));
  });

  it.each<[AgentOutcome, AgentEnd]>([
    ['empty', 'empty'],
    ['empty', 'tier_mismatch'],
    ['refused', 'refused'],
    ['answer_rejected', 'answer_rejected'],
    ['task_invalid', 'task_invalid'],
    ['provider_failed', 'other'],
  ])('that ends as %s, with %s in the statement, gives a result without a text', async (outcome, end) => {
    gateway.agents.answer = { outcome, text: null, problem: 'a_word' };
    gateway.agents.end = end;
    if (end === 'task_invalid')
      gateway.agents.tamperClaims = (claims) => ({
        ...claims,
        usage_state: 'not_billed',
        usage: null,
        cost_micro_usd: '0',
      });
    expect(await client.agent(task())).toMatchObject({ outcome, text: null, problem: 'a_word' });
  });

  it('whose answer was cut has the outcome cut and the text up to there', async () => {
    gateway.agents.answer = { outcome: 'cut', text: 'Dear Sen', problem: null };
    gateway.agents.end = 'cut';
    expect(await client.agent(task())).toMatchObject({ outcome: 'cut', text: 'Dear Sen' });
  });

  it('whose provider failed gives a result with the verified statement of its cost', async () => {
    gateway.agents.answer = { outcome: 'provider_failed', text: null, problem: 'lost' };
    gateway.agents.end = 'lost';
    const result = await client.agent(task());
    expect(result).toMatchObject({ outcome: 'provider_failed', text: null, problem: 'lost' });
    expect(result.chargedMicroUsd).toBe(mostATaskCosts(CLASS, 30));
  });

  it('has a result with an unchecked cost if the enclave has another price table', async () => {
    gateway.agents.pricesSha256 = 'ab'.repeat(32);
    gateway.agents.tamperClaims = (claims) => ({ ...claims, cost_micro_usd: '5' });
    const other = await connect(gateway.url, gateway.policy, { token: () => 'token' });
    expect(await other.agent(task())).toMatchObject({ costChecked: false, chargedMicroUsd: 5n });
    gateway.agents.tamperClaims = (claims) => ({ ...claims, prices_sha256: 'cd'.repeat(32) });
    await expect(other.agent(task())).rejects.toEqual(failing('receipt_refused', { reason: 'ERR_STATEMENT_PRICES' }));
  });
});

describe('before anything is posted, a task is refused', () => {
  it.each<[string, Partial<TaskRequest>, string, string]>([
    ['half an emoji at its end', { text: 'Hello \ud83d' }, '/text', 'invalid_characters'],
    ['half an emoji in its subject', { subject: '\ude00' }, '/subject', 'invalid_characters'],
    ['a control character', { text: 'a\u0000b' }, '/text', 'invalid_characters'],
    ['nothing to read', { text: '\u200b ' }, '/text', 'too_short'],
    ['too much text', { text: 'a'.repeat(LIMITS.maxTaskTextBytes + 1) }, '/text', 'too_long'],
    ['the name of a language in place of its tag', { language: 'English' }, '/language', 'invalid'],
    ['an unknown member', { system: 'x' } as never, '', 'invalid'],
  ])('if it has %s, and the error names field and rule', async (_name, changes, pointer, code) => {
    const problems = [expect.objectContaining({ pointer, code })] as unknown[];
    await expect(client.agent(task(changes))).rejects.toEqual(failing('task_invalid', { problems, sent: 'not_sent' }));
    expect(gateway.agents.posted).toEqual([]);
  });

  it.each<[string, Partial<TaskRequest>, string]>([
    ['a class that the enclave does not attest', { modelClass: 'large' }, 'model_class_unknown'],
    ['a task that the class does not take', { task: 'review' }, 'task_not_offered'],
    ['more output than the class gives', { maxOutputTokens: 2048 }, 'output_too_large'],
  ])('if it asks for %s', async (_name, changes, reason) => {
    await expect(client.agent(task(changes))).rejects.toEqual(failing('model_refused', { reason, sent: 'not_sent' }));
    expect(gateway.agents.posted).toEqual([]);
  });

  it('if the enclave attests no agents, or if the gateway hides the attested configuration', async () => {
    gateway.agents.classes = [];
    const without = await connect(gateway.url, gateway.policy, { token: () => 'token' });
    await expect(without.agent(task())).rejects.toEqual(failing('model_refused', { reason: 'agents_off' }));
    expect(await without.models()).toEqual([]);
    gateway.servesConfiguration = false;
    const hidden = await connect(gateway.url, gateway.policy, { token: () => 'token' });
    for (const refused of [hidden.agent(task()), hidden.models()])
      await expect(refused).rejects.toEqual(failing('model_refused', { reason: 'configuration_missing' }));
    expect(gateway.agents.posted).toEqual([]);
  });
});

describe('after a fault, the client', () => {
  it('posts the same bytes again, and the enclave asks the provider only once', async () => {
    gateway.agents.faults = ['cut', 'cut-after', { problem: 'enclave_busy' }];
    const states: AgentState[] = [];
    const result = await client.agent(task(), { onState: (state) => states.push(state) });
    expect(result.outcome).toBe('complete');
    expect(gateway.agents.posted).toHaveLength(4);
    expect(new Set(gateway.agents.posted.map(({ body }) => Buffer.from(body).toString('hex'))).size).toBe(1);
    expect(gateway.agents.asked).toHaveLength(1);
    expect(states.filter(({ step }) => step === 'waiting')).toMatchObject([
      { during: 'posting', because: 'unreachable' },
      { because: 'unreachable' },
      { because: 'enclave_busy' },
    ]);
  });

  it.each([
    ['agents_off', 'not_sent'],
    ['model_class_unknown', 'not_sent'],
    ['outcome_unknown', 'not_known'],
    ['agent_share_reached', 'not_sent'],
    ['emergency_stop', 'not_sent'],
    ['model_off', 'not_sent'],
    ['provider_unavailable', 'not_known'],
  ] as const)('does not post again after %s', async (problem, sent) => {
    gateway.agents.faults = [{ problem }];
    await expect(client.agent(task())).rejects.toEqual(failing('refused', { problem, sent }));
    expect(gateway.agents.posted).toHaveLength(1);
  });

  it('seals the task once more if the enclave lost its key', async () => {
    gateway.rotate({ keepOld: false });
    expect((await client.agent(task())).outcome).toBe('complete');
    expect(gateway.agents.posted).toHaveLength(2);
    gateway.agents.faults = [{ problem: 'key_retired' }, { problem: 'key_retired' }];
    await expect(client.agent(task())).rejects.toEqual(failing('refused', { problem: 'key_retired' }));
  });

  it('asks once for another token after a 401', async () => {
    gateway.agents.faults = [{ problem: 'unauthenticated' }];
    expect((await client.agent(task())).outcome).toBe('complete');
    gateway.agents.faults = [{ problem: 'unauthenticated' }, { problem: 'unauthenticated' }];
    await expect(client.agent(task())).rejects.toEqual(failing('refused', { problem: 'unauthenticated' }));
  });

  it('stops when the caller aborts, and reports that the post may have been sent', async () => {
    const stop = new AbortController();
    gateway.agents.faults = ['silence'];
    gateway.agents.onSilence = () => {
      stop.abort();
    };
    await expect(client.agent(task(), { signal: stop.signal })).rejects.toEqual(
      failing('aborted', { sent: 'not_known' }),
    );
    await expect(client.agent(task(), { signal: stop.signal })).rejects.toEqual(
      failing('aborted', { sent: 'not_sent' }),
    );
  });
});

describe('the answer of a gateway is refused if it', () => {
  const lies = (reason: string) => failing('receipt_refused', { reason });

  it('gives the statement of another task', async () => {
    let earlier: Record<string, unknown> = {};
    gateway.agents.tamper = (result) => (earlier = result);
    await client.agent(task());
    const { statement, attestationDocument } = earlier;
    gateway.agents.tamper = (result) => ({ ...result, statement, attestationDocument });
    await expect(client.agent(task())).rejects.toEqual(lies('ERR_STATEMENT_OTHER_REQUEST'));
  });

  it('gives the answer of another task', async () => {
    let earlier: Record<string, unknown> = {};
    gateway.agents.tamper = (result) => (earlier = result);
    await client.agent(task());
    const { answer } = earlier;
    gateway.agents.tamper = (result) => ({ ...result, answer });
    await expect(client.agent(task())).rejects.toEqual(lies('ERR_CRYPTO_OPEN'));
  });

  it('gives another number of attempts than the statement', async () => {
    gateway.agents.tamper = (result) => ({ ...result, attempts: 2 });
    await expect(client.agent(task())).rejects.toEqual(lies('ERR_STATEMENT_OTHER_REQUEST'));
  });

  it('changes or omits the statement', async () => {
    gateway.agents.tamper = ({ statement, ...result }) => ({ ...result, statement: `${String(statement)}A` });
    await expect(client.agent(task())).rejects.toEqual(lies('ERR_RECEIPT_MALFORMED'));
    gateway.agents.tamper = ({ statement: _gone, ...result }) => result;
    await expect(client.agent(task())).rejects.toEqual(failing('answer_invalid'));
  });

  it('reports a failure that the enclave did not sign', async () => {
    gateway.agents.tamper = ({ statement, attestationDocument }) => ({
      code: 'provider_unavailable',
      statement,
      attestationDocument,
    });
    await expect(client.agent(task())).rejects.toEqual(lies('answer_differs'));
  });

  it.each<[string, Parameters<typeof setClaims>[0], string]>([
    ['an inflated cost', { cost_micro_usd: '92' }, 'ERR_STATEMENT_COST'],
    ['another model', { model: 'gpt-6-sol' }, 'ERR_STATEMENT_OTHER_REQUEST'],
    ['another price table', { prices_version: '2026-01-01.1' }, 'ERR_STATEMENT_PRICES'],
    ['another end than the answer has', { end: 'cut' }, 'answer_differs'],
  ])('passes on a statement with %s', async (_name, changes, reason) => {
    setClaims(changes);
    await expect(client.agent(task())).rejects.toEqual(lies(reason));
  });

  it.each<AgentEnd>(['complete', 'cut'])('passes on an empty answer with a statement that ends %s', async (end) => {
    gateway.agents.answer = { outcome: 'empty', text: null, problem: null };
    setClaims({ end });
    await expect(client.agent(task())).rejects.toEqual(lies('answer_differs'));
  });

  function setClaims(changes: Partial<Parameters<typeof gateway.agents.tamperClaims>[0]>): void {
    gateway.agents.tamperClaims = (claims) => ({ ...claims, ...changes });
  }
});

describe('models()', () => {
  it('lists the attested models, and which of them the gateway does not take now', async () => {
    gateway.agents.classes = [CLASS, { ...CLASS, id: 'other' }];
    gateway.agents.off.add('other');
    const both = await connect(gateway.url, gateway.policy, { token: () => 'token' });
    expect(await both.models()).toEqual([
      { ...CLASS, available: true },
      { ...CLASS, id: 'other', available: false },
    ]);
  });
});

it('mostATaskCosts returns at least what the gateway reserves for a task', async () => {
  for (const length of [10, 3900, 4000, 8000, 16_384]) {
    gateway.agents.answer = { outcome: 'provider_failed', text: null, problem: 'lost' };
    gateway.agents.end = 'lost';
    const { chargedMicroUsd } = await client.agent(task({ text: 'a'.repeat(length) }));
    expect(chargedMicroUsd).toBeLessThanOrEqual(mostATaskCosts(CLASS, length) ?? 0n);
  }
  expect(mostATaskCosts(CLASS, 40_000)).toBeNull();
  expect(mostATaskCosts({ ...CLASS, model: 'gpt-other' }, 10)).toBeNull();
  expect(PRICE_TABLE.rows.map(({ model }) => model)).toContain(CLASS.model);
});
