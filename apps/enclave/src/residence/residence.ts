import type { CongressMessage, ProvenEnvelope } from '@communique-tee/protocol';
import { registrarOf } from '@communique-tee/residence';
import { createVerifier, type Verifier } from '@communique-tee/residence/verifier';
import { checkSignatureByOpenssl } from '@communique-tee/transparency/node';
import type { Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';
import { ProblemError } from '../runtime/problem-error';
import { claimProblems, NOT_PROVEN, type ClaimProblem } from './claim-problems';
import { envelopeCheck } from './envelope-check';
import type { ResidenceConfig } from './residence-config';

/** A sealed message and its proof. `sealed` has form 1 (docs/message.md). */
export interface Unopened {
  proven: ProvenEnvelope | null;
  sealed: Uint8Array;
}

/** Checks proofs of residence. Only the gateway checks that a nullifier is used once, because that needs a disk. */
export interface Residence {
  /**
   * Makes the checks that do not need the opened message.
   * @throws ProblemError `residence_required` | `residence_not_open` | `circuit_retired` | `root_not_accepted` | `proof_invalid` |
   * `enclave_busy`
   */
  checkEnvelope(message: Unopened): Promise<void>;
  /** Makes the checks that need the opened message. Only the sender learns these problems, in the sealed answer. */
  problemsOf(content: CongressMessage, proven: ProvenEnvelope | null): ClaimProblem[];
  close(): Promise<void>;
}

/**
 * Returns while the verifier starts, which takes 0.3 s, so that the enclave can already attest its keys. A proof waits for the verifier. If
 * the verifier cannot start, an unhandled rejection ends the process.
 */
export function openResidence(configuration: ResidenceConfig, clock: Clock, log: Log): Residence {
  if (configuration.mode === 'off') return OFF;
  const { mode, maxCampaignDays } = configuration;
  const registrar = registrarOf(configuration.registrar, configuration.keys, checkSignatureByOpenssl);
  const starting = createVerifier({
    maxQueued: MAX_QUEUED,
    onRefused: (reason) => {
      log.write('warn', 'proof_refused', { code: reason });
    },
  });
  // A waiting proof may handle the rejection of `starting`. No code handles the rejection of this promise, so it ends the process
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

/**
 * The largest `maxConcurrent` that the Congress service allows. A message that waits for its proof counts toward `maxConcurrent`, so this
 * queue is never full.
 */
const MAX_QUEUED = 1024;

const OFF: Residence = {
  checkEnvelope: ({ proven }) =>
    proven === null ? Promise.resolve() : Promise.reject(new ProblemError('residence_not_open')),
  problemsOf: ({ proof }) => (proof === null ? [] : [NOT_PROVEN]),
  close: () => Promise.resolve(),
};
