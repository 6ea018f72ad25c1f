import { TASKS, type AgentTask } from '@communique-tee/protocol';
import { randomInt } from 'node:crypto';
import { answerOf } from './testing/answers';
import { startAgentsWorld, type AgentsWorld } from './testing/agents-world';
import { TaskOracle } from './testing/task-oracle';
import { watchProvider, type WatchedProvider } from './testing/watched-provider';

const LEARNED = 20;
const TRIALS = 200;
/**
 * How far from 100 of 200 the right guesses may be. For random guesses P(|right - 100| >= 40) <= 2 exp(-2 * 40^2 / 200) = 2.3e-7
 * (Hoeffding).
 */
const MARGIN = 40;

let watched: WatchedProvider;
let world: AgentsWorld;
beforeAll(async () => {
  world = await startAgentsWorld({
    origin: async ({ port }) => (watched = await watchProvider(port)).origin,
    limits: { maxRememberedReplies: 10_000 },
  });
});
afterAll(async () => {
  await world.stop();
  await watched.close();
});

/** Lets the attacker guess tasks drawn at random, and returns how often the guess is right. */
async function rightGuesses(
  candidates: readonly [Partial<AgentTask>, Partial<AgentTask>],
  trials: number,
  learned = LEARNED,
) {
  const seal = (which: 0 | 1) => world.seal(candidates[which]).bytes;
  const attacker = new TaskOracle(
    {
      async relay(bytes) {
        const response = await world.post({ ...world.seal(), bytes });
        return { headers: JSON.stringify([...response.headers]), body: new Uint8Array(await response.arrayBuffer()) };
      },
      connections: () => watched.connections,
      output: () => world.log.join(''),
    },
    seal,
  );
  await attacker.learn(learned);
  let right = 0;
  for (let trial = 0; trial < trials; trial++) {
    const chosen = randomInt(2) as 0 | 1;
    if ((await attacker.guess(seal(chosen))) === chosen) right++;
  }
  return right;
}

const LONG = 'Please mend the roads of our town. '.repeat(90);

describe('a parent that guesses which of two tasks with the same answer was sealed', () => {
  beforeAll(() => {
    world.provider.act = () => ({ json: answerOf('openai', 'Please mend the roads.', { model: 'gpt-6-luna' }) });
  });

  it.each<[string, readonly [Partial<AgentTask>, Partial<AgentTask>]]>([
    ['a short text from a long one', [{ text: 'Roads.' }, { text: LONG }]],
    ...TASKS.slice(1).map((task): [string, [Partial<AgentTask>, Partial<AgentTask>]] => [
      `the task ${TASKS[0]} from the task ${task}`,
      [{ task: TASKS[0] }, { task }],
    ]),
    ['English from Spanish with a subject', [{ language: 'en' }, { language: 'es', subject: 'x'.repeat(500) }]],
  ])(
    'does no better than chance when it tells %s',
    async (_what, candidates) => {
      expect(Math.abs((await rightGuesses(candidates, TRIALS)) - TRIALS / 2)).toBeLessThan(MARGIN);
    },
    600_000,
  );
});

// A control: the size bucket is visible, so the attacker must be able to tell it
it('a parent can tell the size bucket of a sealed task', async () => {
  expect(await rightGuesses([{ text: 'Roads.' }, { text: LONG.repeat(3) }], 20, 6)).toBe(20);
});
