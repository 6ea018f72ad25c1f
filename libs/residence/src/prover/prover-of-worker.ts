import { PROOF_BYTES } from '../circuit-identity';
import { PUBLIC_INPUTS } from '../statement';
import type { Witness } from '../witness';
import { ProvingError, type ProofOfResidence, type ProveOptions, type Prover } from './proving';
import type { ProvingQuestion, ProvingReport } from './worker-messages';

/** A worker in Node or in a browser. */
export interface ProvingWorker {
  post(question: ProvingQuestion): void;
  terminate(): void;
}

export interface ProvingWorkerEvents {
  readonly onReport: (report: ProvingReport) => void;
  /** Called when the worker has ended or could not start. */
  readonly onEnd: () => void;
}

export interface ProverParts {
  readonly startWorker: (events: ProvingWorkerEvents) => ProvingWorker;
  /** Returns the files for a worker. Called before each proof; a worker uses only the first result. Rejects with ProvingError. */
  readonly source: () => Promise<ProvingQuestion['source']>;
}

interface Running {
  readonly onReport: (report: ProvingReport) => void;
  readonly onEnd: () => void;
}

/** Makes proofs one after the other in one worker, so that the worker loads the proof system only once. */
export class ProverOfWorker implements Prover {
  private worker: ProvingWorker | undefined;
  private running: Running | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  constructor(private readonly parts: ProverParts) {}

  readonly prove = (witness: Witness, options: ProveOptions = {}): Promise<ProofOfResidence> => {
    const turn = this.last.then(() => this.proveNow(witness, options));
    this.last = turn.catch(() => undefined);
    return turn;
  };

  close(): void {
    this.isClosed = true;
    this.endWorker();
  }

  private async proveNow({ inputs, publicInputs }: Witness, { onProgress, signal }: ProveOptions) {
    signal?.throwIfAborted();
    if (this.isClosed) throw new ProvingError('ERR_PROVING_CLOSED');
    const question = { inputs, source: await this.parts.source() };
    signal?.throwIfAborted();
    const abort = () => {
      this.endWorker();
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const report = await this.ask(question, onProgress);
      const isExpected =
        report.proof.length === PROOF_BYTES &&
        PUBLIC_INPUTS.every((name, at) => isEqual(publicInputs[name], report.publicInputs[at]));
      if (!isExpected) throw new ProvingError('ERR_PROVING_FAILED');
      return { proof: report.proof, publicInputs };
    } catch (error) {
      // A worker that failed is in an unknown state, so the next proof gets another worker
      this.endWorker();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  private ask(question: ProvingQuestion, onProgress: ProveOptions['onProgress']) {
    return new Promise<Extract<ProvingReport, { readonly proof: Uint8Array }>>((resolve, reject) => {
      this.running = {
        onReport: (report) => {
          if ('state' in report) onProgress?.(report.state);
          else if ('failed' in report) reject(new ProvingError(report.failed));
          else resolve(report);
        },
        onEnd: () => {
          reject(new ProvingError(this.isClosed ? 'ERR_PROVING_CLOSED' : 'ERR_PROVING_WORKER_ENDED'));
        },
      };
      this.worker ??= this.start();
      this.worker.post(question);
    });
  }

  private start(): ProvingWorker {
    const worker = this.parts.startWorker({
      onReport: (report) => {
        if (this.worker === worker) this.running?.onReport(report);
      },
      onEnd: () => {
        if (this.worker !== worker) return;
        this.worker = undefined;
        this.running?.onEnd();
      },
    });
    return worker;
  }

  private endWorker(): void {
    const worker = this.worker;
    this.worker = undefined;
    worker?.terminate();
    this.running?.onEnd();
    this.running = undefined;
  }
}

function isEqual(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, at) => byte === b[at]);
}
