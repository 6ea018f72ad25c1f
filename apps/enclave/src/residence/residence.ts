import type { CongressMessage, ProvenEnvelope } from '@communique-tee/protocol';
import { registrarOf } from '@communique-tee/residence';
import { createVerifier, type Verifier } from '@communique-tee/residence/verifier';
import type { Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';
import { ProblemError } from '../runtime/problem-error';
import { claimProblems, NOT_PROVEN, type ClaimProblem } from './claim-problems';
import { envelopeCheck } from './envelope-check';
import type { ResidenceConfig } from './residence-config';

/** A message before it is opened. `sealed`: its form 1 bytes. */
export interface Unopened {
  proven: ProvenEnvelope | null;
  sealed: Uint8Array;
}

/** The enclave's side of the proof of residence: all but the uniqueness of a nullifier, which needs a disk. */
export interface Residence {
  /**
   * Checks the parts that the parent sees too, before the message is opened.
   * @throws ProblemError `residence_required` | `residence_not_open` | `circuit_retired` | `root_not_accepted` |
   * `proof_invalid` | `enclave_busy`
   */
  checkEnvelope(message: Unopened): Promise<void>;
  /** Checks that need the opened message. Only the sender learns the result, in the sealed answer. */
  problemsOf(content: CongressMessage, proven: ProvenEnvelope | null): ClaimProblem[];
  close(): Promise<void>;
}

/**
 * Begins to start the verifier, which takes about 0.3 s, and does not wait for it: keys are shown meanwhile, and a proof waits for
 * the verifier. If it cannot start, an unhandled rejection ends the process.
 */
export function openResidence(configuration: ResidenceConfig, clock: Clock, log: Log): Residence {
  if (configuration.mode === 'off') return OFF;
  const { mode, maxCampaignDays } = configuration;
  const registrar = registrarOf(configuration.registrar, configuration.keys);
  const starting = createVerifier({
    maxQueued: MAX_QUEUED,
    onRefused: (reason) => {
      log.write('warn', 'proof_refused', { code: reason });
    },
  });
  // Never handled, so that it ends the process even if a proof that waits handles `starting` itself
  void starting.then(() => undefined);
  const verifier: Pick<Verifier, 'verify'> = {
    verify: async (publicInputs, proof, source) => (await starting).verify(publicInputs, proof, source),
  };
  const nowSeconds = () => Math.floor(clock.nowMs() / 1000);
  const check = envelopeCheck(registrar, verifier, nowSeconds);
  return {
    async checkEnvelope({ proven, sealed }) {
      if (proven !== null) await check(proven, sealed);
      else if (mode === 'required') throw new ProblemError('residence_required');
    },
    problemsOf(content, proven) {
      if (proven === null) return content.proof === null ? [] : [NOT_PROVEN];
      return claimProblems(content, proven, { registrar, maxCampaignDays, nowSeconds: nowSeconds() });
    },
    close: () => starting.then((started) => started.close()),
  };
}

/** A message waits for its proof while it counts among those that the service handles at once, so this is never the tighter bound. */
const MAX_QUEUED = 1024;

const OFF: Residence = {
  checkEnvelope: ({ proven }) =>
    proven === null ? Promise.resolve() : Promise.reject(new ProblemError('residence_not_open')),
  problemsOf: ({ proof }) => (proof === null ? [] : [NOT_PROVEN]),
  close: () => Promise.resolve(),
};
