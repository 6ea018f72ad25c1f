import {
  ClientError,
  type AgentState,
  type Policy,
  type TaskOptions,
  type TaskRequest,
  type TaskResult,
} from '@communique-tee/client';
import { signal } from '@preact/signals';
import { failureOf } from '../send/client';
import { createHelp, type Asked, type Help } from './create-help';
import { resultFor } from '../testing/task-result';

const ASKED: Asked = { task: 'draft', modelClass: 'clear', language: 'en' };
const OWN = 'please fund parks';
const BETTER = 'Please fund the parks of our district.';

interface Call {
  readonly task: TaskRequest;
  readonly signal: AbortSignal | undefined;
  readonly tell: (state: AgentState) => void;
  readonly answer: (result: TaskResult) => void;
  readonly fail: (error: unknown) => void;
}

/** A store whose client does what the spec tells it. */
function made(over: { readonly verified?: boolean } = {}) {
  const calls: Call[] = [];
  const ended: Help[] = [];
  const reported: unknown[] = [];
  const subject = signal('Parks');
  const body = signal(OWN);
  const store = createHelp({
    load: () =>
      Promise.resolve({
        failureOf,
        connect: () =>
          Promise.resolve({
            agent: (task: TaskRequest, options: TaskOptions = {}) =>
              new Promise<TaskResult>((resolve, reject) => {
                const tell = (state: AgentState) => options.onState?.(state);
                calls.push({ task, signal: options.signal, tell, answer: resolve, fail: reject });
              }),
          }),
      }),
    policy: () => (over.verified === false ? undefined : ({} as Policy)),
    subject,
    body,
    now: () => 1000,
    onEnd: (help) => ended.push(help),
    report: (error) => reported.push(error),
  });
  return { store, calls, ended, reported, subject, body };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function asked(over: Partial<Asked> = {}) {
  const all = made();
  all.store.ask({ ...ASKED, ...over });
  await settled();
  const [call] = all.calls;
  if (call === undefined) throw new Error('no model was asked');
  return { ...all, call };
}

it('gives the model only the subject and the message', async () => {
  const { call, calls, store } = await asked();
  expect(call.task).toEqual({ ...ASKED, subject: 'Parks', text: OWN });
  expect(store.busy.value).toBe(true);
  store.ask(ASKED);
  await settled();
  expect(calls).toHaveLength(1);
});

it('omits an empty subject, and writes line ends as the enclave accepts them', async () => {
  const { store, calls, subject, body } = made();
  subject.value = '  ';
  body.value = 'one\r\ntwo';
  store.ask(ASKED);
  await settled();
  expect(calls[0]?.task).toMatchObject({ subject: null, text: 'one\ntwo' });
});

it.each([
  ['a lone half of an emoji', { body: 'Thanks \ud83d' }, { field: 'text', code: 'invalid_characters' }],
  [
    'a lone half of an emoji in the subject',
    { subject: '\ude00 Parks' },
    { field: 'subject', code: 'invalid_characters' },
  ],
  ['a control character', { body: 'a\u0007b' }, { field: 'text', code: 'invalid_characters' }],
  ['an empty message', { body: ' \n' }, { field: 'text', code: 'too_short' }],
  ['a message above 16 KB', { body: 'ä'.repeat(9000) }, { field: 'text', code: 'too_long' }],
  ['a subject above 500 characters', { subject: 'a'.repeat(501) }, { field: 'subject', code: 'too_long' }],
])('refuses %s before anything is sealed', async (_, entered, problem) => {
  const { store, calls, ended, subject, body } = made();
  body.value = 'body' in entered ? entered.body : OWN;
  subject.value = 'subject' in entered ? entered.subject : 'Parks';
  store.ask(ASKED);
  await settled();
  expect(store.help.value).toEqual({ kind: 'unsendable', problem });
  expect([calls, ended]).toEqual([[], []]);
});

it('leaves whole and joined emoji unchanged', async () => {
  const { store, calls, body } = made();
  body.value = 'Thanks 😀 👨‍👩‍👧 می‌روم';
  store.ask(ASKED);
  await settled();
  expect(calls[0]?.task.text).toBe(body.value);
});

it('shows which step of the task is under way', async () => {
  const { store, call } = await asked();
  const told: unknown[] = [];
  for (const state of [
    { step: 'attested', key: {} },
    { step: 'posting', attempt: 1 },
    { step: 'waiting', during: 'posting', waitMs: 10, because: 'task_running' },
    { step: 'waiting', during: 'posting', waitMs: 10, because: 'unreachable' },
    { step: 'waiting', during: 'posting', waitMs: 10, because: 'overloaded' },
    { step: 'sealed', id: '', request: new Uint8Array() },
  ] as unknown as AgentState[]) {
    call.tell(state);
    told.push(store.help.value.kind === 'under_way' && store.help.value.activity);
  }
  expect(told).toEqual(['sealing', 'asking', 'task_running', 'unreachable', 'busy', 'busy']);
});

describe('a suggestion', () => {
  async function suggested(over: Partial<Asked> = {}) {
    const all = await asked(over);
    all.call.answer(resultFor({ text: BETTER }));
    await settled();
    return all;
  }

  it('leaves the form unchanged until the person uses it, and can be undone', async () => {
    const { store, body } = await suggested();
    expect(body.value).toBe(OWN);
    store.use();
    expect(body.value).toBe(BETTER);
    store.undo();
    expect(body.value).toBe(OWN);
  });

  it('keeps the person’s edits, so that they return when the person uses the suggestion again', async () => {
    const { store, body } = await suggested();
    store.use();
    body.value = `${BETTER} Thank you.`;
    store.undo();
    expect(body.value).toBe(OWN);
    store.use();
    expect(body.value).toBe(`${BETTER} Thank you.`);
  });

  it('is replaced, when undone, by what the person wrote while the model worked', async () => {
    const all = await asked();
    all.body.value = `${OWN} now`;
    all.call.answer(resultFor({ text: BETTER }));
    await settled();
    all.store.use();
    all.store.undo();
    expect(all.body.value).toBe(`${OWN} now`);
  });

  it('for the subject is put into the subject', async () => {
    const { store, subject, body } = await suggested({ task: 'subject' });
    store.use();
    expect([subject.value, body.value]).toEqual([BETTER, OWN]);
  });

  it('is not offered after a review, because notes cannot be put into the message', async () => {
    const { store, body } = await suggested({ task: 'review' });
    store.use();
    expect(body.value).toBe(OWN);
    expect(store.help.value).toMatchObject({ kind: 'answered', suggestion: undefined, result: { text: BETTER } });
  });
});

it('shows an outcome without a text', async () => {
  const { store, call, body } = await asked();
  call.answer(resultFor({ outcome: 'refused', text: null, problem: null }));
  await settled();
  store.use();
  expect(store.help.value).toMatchObject({ kind: 'answered', suggestion: undefined });
  expect(body.value).toBe(OWN);
});

it('stops waiting for a task, and reports whether the provider may have the text', async () => {
  const { store, call } = await asked();
  store.stop();
  expect(call.signal?.aborted).toBe(true);
  call.fail(new ClientError('aborted', 'aborted', { sent: 'not_known' }));
  await settled();
  expect(store.help.value).toMatchObject({ kind: 'failed', failure: { code: 'aborted', sent: 'not_known' } });
});

it('shows no result of a task that was closed, and accepts the next one', async () => {
  const { store, call, calls, ended } = await asked();
  store.close();
  store.ask(ASKED);
  await settled();
  call.answer(resultFor({ text: 'of the first' }));
  await settled();
  expect([store.help.value.kind, calls.length, ended.length]).toEqual(['under_way', 2, 1]);
});

it('calls no model while the enclave is not verified', async () => {
  const { store, calls, ended } = made({ verified: false });
  store.ask(ASKED);
  await settled();
  expect(store.help.value).toMatchObject({ kind: 'failed', failure: { code: 'not_verified', sent: 'not_sent' } });
  expect([calls.length, ended.length]).toEqual([0, 1]);
});

it('reports an error in the page’s own code', async () => {
  const { call, reported } = await asked();
  const mistake = new TypeError('a mistake');
  call.fail(mistake);
  await settled();
  expect(reported).toEqual([mistake]);
});
