import { PROOF_BYTES } from '../circuit-identity';
import { randomField } from '../field';
import { PUBLIC_INPUTS, type PublicInputs } from '../statement';
import type { Witness } from '../witness';
import { ProverOfWorker, type ProvingWorkerEvents } from './prover-of-worker';
import type { Loaded } from './worker-messages';

const publicInputs = Object.fromEntries(PUBLIC_INPUTS.map((name) => [name, randomField()])) as unknown as PublicInputs;
const witness = { inputs: {}, publicInputs, opening: {} } as Witness;
const GOOD = { proof: new Uint8Array(PROOF_BYTES), publicInputs: PUBLIC_INPUTS.map((name) => publicInputs[name]) };

/** Returns a prover whose n-th worker runs the n-th script when it gets a question. */
function proverOf(...scripts: ((events: ProvingWorkerEvents) => void)[]) {
  const ended: number[] = [];
  let started = 0;
  const prover = new ProverOfWorker({
    source: () => Promise.resolve({} as Loaded),
    startWorker: (events) => {
      const which = started++;
      return {
        post: () => scripts[which]?.(events),
        terminate: () => ended.push(which),
      };
    },
  });
  return { prover, ended, started: () => started };
}

it('rejects if the browser ends the worker, and makes the next proof in another worker', async () => {
  const { prover, started } = proverOf(
    ({ onReport, onEnd }) => {
      onReport({ state: 'proving' });
      onEnd();
    },
    ({ onReport }) => {
      onReport(GOOD);
    },
  );
  await expect(prover.prove(witness)).rejects.toMatchObject({ code: 'ERR_PROVING_WORKER_ENDED' });
  expect((await prover.prove(witness)).publicInputs).toEqual(publicInputs);
  expect(started()).toBe(2);
});

it('starts another worker after one that ended between two proofs', async () => {
  let first: ProvingWorkerEvents | undefined;
  const { prover, started } = proverOf(
    (events) => {
      first = events;
      events.onReport(GOOD);
    },
    ({ onReport }) => {
      onReport(GOOD);
    },
  );
  await prover.prove(witness);
  first?.onEnd();
  await prover.prove(witness);
  expect(started()).toBe(2);
});

it.each([
  ['of another length', { ...GOOD, proof: new Uint8Array(PROOF_BYTES - 1) }, 'ERR_PROVING_FAILED'],
  ['of other public inputs', { ...GOOD, publicInputs: GOOD.publicInputs.map(randomField) }, 'ERR_PROVING_FAILED'],
  ['that the worker could not make', { failed: 'ERR_PROVING_DEVICE' as const }, 'ERR_PROVING_DEVICE'],
])('refuses a proof %s, and ends the worker', async (_name, report, code) => {
  const { prover, ended } = proverOf(({ onReport }) => {
    onReport(report);
  });
  await expect(prover.prove(witness)).rejects.toMatchObject({ code });
  expect(ended).toEqual([0]);
});

it('ignores what a worker reports after the prover ended it', async () => {
  let late: ProvingWorkerEvents | undefined;
  const controller = new AbortController();
  const { prover } = proverOf(
    (events) => {
      late = events;
      controller.abort(new Error('enough'));
    },
    ({ onReport }) => {
      late?.onReport({ failed: 'ERR_PROVING_DEVICE' });
      late?.onEnd();
      onReport(GOOD);
    },
  );
  await expect(prover.prove(witness, { signal: controller.signal })).rejects.toThrow('enough');
  expect((await prover.prove(witness)).proof).toHaveLength(PROOF_BYTES);
});
