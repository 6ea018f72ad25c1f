import { TASKS, type AgentTask } from '@communique-tee/protocol';
import { answerOf } from './testing/answers';
import { startAgentsWorld, type AgentsWorld } from './testing/agents-world';
import { watchProvider, type WatchedProvider } from './testing/watched-provider';

let watched: WatchedProvider;
let world: AgentsWorld;
beforeAll(async () => {
  world = await startAgentsWorld({ origin: async ({ port }) => (watched = await watchProvider(port)).origin });
  world.provider.act = () => ({ json: answerOf('openai', 'Please mend the roads.', { model: 'gpt-6-luna' }) });
});
afterAll(async () => {
  await world.stop();
  await watched.close();
});

/** Sends one task and returns every size that the parent sees. */
async function sizesOf(changes: Partial<AgentTask>): Promise<object> {
  const before = [watched.connections.length, world.log.length] as const;
  const task = world.seal(changes);
  const response = await world.post(task);
  const reply = await response.arrayBuffer();
  const [connection, ...more] = watched.connections.slice(before[0]);
  return {
    request: task.bytes.length,
    status: response.status,
    reply: reply.byteLength,
    connections: 1 + more.length,
    toProvider: connection?.sentBytes,
    records: connection?.records,
    log: world.log.slice(before[1]).map((line) => line.length),
  };
}

const TEXTS: Record<string, Partial<AgentTask>> = {
  'a short text': { text: 'Roads.' },
  'a long text': { text: 'Please mend the roads of our town. '.repeat(90) },
  'a text of quotation marks and line breaks': { text: '"\n'.repeat(1500) },
  'a text of emoji': { text: '👨‍👩‍👧‍👦'.repeat(120) },
  'a text in another language': { text: 'Por favor, reparen las calles.', language: 'es' },
  'a text with a subject': { text: 'Please mend the roads.', subject: 'x'.repeat(500) },
};

describe('tasks of one size bucket', () => {
  it('show the parent the same sizes for every text, language and task', async () => {
    const all: Record<string, object> = {};
    for (const [name, changes] of Object.entries(TEXTS))
      for (const task of TASKS) all[`${name}, ${task}`] = await sizesOf({ ...changes, task });
    const [first] = Object.values(all);
    expect(first).toMatchObject({ status: 200, connections: 1 });
    for (const [name, sizes] of Object.entries(all)) expect([name, sizes]).toEqual([name, first]);
  });

  it('show the parent a sealed answer of the same size, however the task ends', async () => {
    const replies: number[] = [];
    for (const text of ['ok', 'x'.repeat(9000), 'https://evil.example', '']) {
      world.provider.act = () => ({ json: answerOf('openai', text, { model: 'gpt-6-luna' }) });
      replies.push((await world.ask(world.seal())).reply.answer.length);
    }
    replies.push((await world.ask(world.seal({}, { plaintext: new Uint8Array(1) }))).reply.answer.length);
    expect(new Set(replies).size).toBe(1);
  });
});

it('the parent sees other sizes for another size bucket, so the comparison of sizes works', async () => {
  const sizes = await Promise.all([sizesOf({ text: 'Roads.' }), sizesOf({ text: 'Roads. '.repeat(800) })]);
  expect(sizes[0]).not.toEqual(sizes[1]);
});

describe('a task whose last caller leaves before a byte goes to the provider', () => {
  it('is canceled, and a second attempt may follow at once', async () => {
    world.provider.act = () => ({ json: answerOf('openai', 'Please mend the roads.', { model: 'gpt-6-luna' }) });
    world.provider.seen.length = 0;
    watched.isSilent = true;
    const [before, logged] = [watched.connections.length, world.log.length];
    const task = world.seal();
    const callers = [new AbortController(), new AbortController()];
    const left = callers.map(({ signal }) => world.post(task, { signal }).catch(() => null));
    await until(() => watched.connections.length > before);
    callers[0]?.abort();
    await left[0];
    expect(world.log.slice(logged)).toEqual([]);
    callers[1]?.abort();
    await Promise.all(left);
    const first = await world.ask(task, { dispatchedBefore: true });
    watched.isSilent = false;
    expect(first).toMatchObject({
      statement: { end: 'not_sent', usage_state: 'not_billed', cost_micro_usd: '0' },
      answer: { outcome: 'provider_failed', problem: 'not_sent', text: null },
      reply: { again: { afterMs: 0 } },
    });
    expect((await world.ask(task, { attempt: 2 })).answer.outcome).toBe('complete');
    expect(world.provider.seen).toHaveLength(1);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
