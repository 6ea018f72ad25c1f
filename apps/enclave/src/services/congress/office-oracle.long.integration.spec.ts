import { prepareMessage, type EnclaveKey } from '@communique-tee/client';
import type { FaultPlanInput } from '@communique-tee/congress-simulator';
import { randomInt } from 'node:crypto';
import { congressMessage, startEnclaveFixture, type EnclaveFixture } from '../../testing/enclave-fixture';
import { OfficeOracle, type ParentActions, type Plan } from '../../testing/office-oracle';
import { WatchedEgress } from '../../testing/watched-egress';

/** Offices whose messages Congress answers in a special way. */
const UNEQUAL: Record<string, NonNullable<FaultPlanInput['queue']>[number]['fault']> = {
  HCA01: { kind: 'slow', delayMs: 300 },
  HCA02: { kind: 'status', status: 400, body: 'no' },
  HCA03: { kind: 'status', status: 400, body: 'a long explanation '.repeat(2000) },
  HCA04: { kind: 'maintenance', retryAfterSeconds: 3600 },
  HCA05: { kind: 'maintenance', retryAfterSeconds: 1000 },
  SCA01: { kind: 'status', status: 400, body: 'no' },
  SNY03: { kind: 'status', status: 400, body: 'no' },
};
/** A shorter slot than the default, to save time. The length of the slots does not matter to the attack. */
const SLOT_MS = 20;

const LEARNED = 20;
const TRIALS = 200;
/**
 * How far from 100 of 200 the right guesses may be. If what the attacker sees does not depend on the offices, each guess is right with
 * probability one half, whatever the method and the load, and P(|right - 100| >= 40) <= 2 exp(-2 * 40^2 / 200) = 2.3e-7 (Hoeffding). Too
 * few right guesses fail too, because the attacker could reverse them.
 */
const MARGIN = 40;

let fixture: EnclaveFixture;
let egress: WatchedEgress;
let key: EnclaveKey;
let powers: ParentActions;

beforeAll(async () => {
  egress = new WatchedEgress();
  fixture = await startEnclaveFixture({
    minIntervalMs: SLOT_MS,
    timeoutMs: 20_000,
    originsBefore: (origins) => egress.open(origins),
  });
  fixture.congress.setFaults({
    queue: Object.entries(UNEQUAL).map(([office, fault]) => ({ office, fault, times: 'always' as const })),
  });
  key = await fixture.key();
  powers = {
    seal,
    async relay(sealed) {
      const response = await fixture.relay(sealed);
      return {
        status: response.status,
        headers: JSON.stringify([...response.headers]),
        body: new Uint8Array(await response.arrayBuffer()),
      };
    },
    connections: () => egress.connections,
    rule: (rule) => (egress.rule = rule),
    output: () => fixture.log.join(''),
  };
});
afterAll(async () => {
  await fixture.stop();
  await egress.close();
});

function seal(offices: readonly string[]): Promise<Uint8Array> {
  const message = congressMessage({ offices: [...offices] });
  const state = offices[0]?.slice(1, 3) as typeof message.constituent.state;
  return Promise.resolve(prepareMessage({ ...message, constituent: { ...message.constituent, state } }, key).sealed);
}

/** Lets the attacker guess which set the sender chose at random, and returns how often the guess is right. */
async function rightGuesses(plan: Plan, trials: number, learned = LEARNED): Promise<number> {
  const attacker = new OfficeOracle(powers, plan);
  await attacker.learn(learned);
  let right = 0;
  for (let trial = 0; trial < trials; trial++) {
    const chosen = randomInt(2) as 0 | 1;
    if ((await attacker.guess(await seal(plan.candidates[chosen]))) === chosen) right++;
  }
  return right;
}

const pass = () => 'pass' as const;

describe('a parent that guesses the offices of a sealed message', () => {
  it.each<[string, Plan]>([
    [
      'sends messages of its own to one office and cuts every connection',
      { candidates: [['HCA11'], ['HCA12']], probes: 6, treat: () => 'cut' },
    ],
    [
      'reads which place in the receipt has the refusal of one of two senators',
      {
        candidates: [
          ['SCA01', 'SCA03'],
          ['SNY01', 'SNY03'],
        ],
        probes: 0,
        treat: pass,
      },
    ],
    [
      'cuts one connection and reads which place in the receipt is pending',
      {
        candidates: [
          ['HNJ11', 'SNJ01', 'SNJ02'],
          ['SNJ01', 'SNJ02', 'HNJ12'],
        ],
        probes: 0,
        treat: (number) => (number === 1 ? 'cut' : 'pass'),
      },
    ],
    [
      'holds the first connection back and watches the others',
      {
        candidates: [
          ['HNJ11', 'SNJ01', 'SNJ02'],
          ['SNJ02', 'HNJ12', 'SNJ01'],
        ],
        probes: 0,
        treat: (number) => (number === 0 ? { holdMs: 50 } : 'pass'),
      },
    ],
    [
      'reads for how long two offices that are down ask it to wait',
      { candidates: [['HCA04'], ['HCA05']], probes: 0, treat: pass },
    ],
  ])(
    'does no better than chance if it %s',
    async (_how, plan) => {
      const right = await rightGuesses(plan, TRIALS);
      expect(Math.abs(right - TRIALS / 2)).toBeLessThan(MARGIN);
    },
    600_000,
  );

  // Controls: the parent sees differences between the answers of Congress, so the attacker must find them. Slow offices are left out, because
  // their time depends on the machine.
  it.each(['HCA02', 'HCA03', 'HCA04'])('recognizes %s, which Congress answers differently', async (office) => {
    const plan: Plan = { candidates: [['HCA11'], [office]], probes: 0, treat: pass };
    expect(await rightGuesses(plan, 20, 6)).toBe(20);
  });
});
