// Verifies proofs of residence in worker threads, so that no malformed proof stops the program or blocks its event loop.
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { barretenbergModule } from '../barretenberg/module.node';
import { verificationKey } from '../circuit';
import { PROOF_BYTES } from '../circuit-identity';
import { isField } from '../field';
import { PUBLIC_INPUTS, type PublicInputs } from '../statement';
import { FairQueue } from './fair-queue';
import { threadProgram } from './program.node';
import type { ThreadData, ThreadQuestion, ThreadVerdict } from './thread-messages';

export interface VerifierOptions {
  /** The number of threads. Each verifies one proof at a time. Default: 1. */
  readonly workers?: number;
  /** How many proofs may wait while others are verified. Default: 32. */
  readonly maxQueued?: number;
  /** How long a thread may take for one proof before it is ended. Default: 10,000 ms, about a thousand times the usual time. */
  readonly timeoutMs?: number;
  /** Called with the reason of each refusal, for the log: printable ASCII, never empty. */
  readonly onRefused?: (reason: string) => void;
}

export type Verdict = { readonly valid: true } | { readonly valid: false };

/** A small heap makes the engine collect replaced WebAssembly instances sooner. Their memory is not part of the heap. */
const HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 };

/** The pause before a thread that could not start is started again. */
const RESTART_DELAY_MS = 1000;

export class VerifierBusyError extends Error {
  override readonly name = 'VerifierBusyError';
  readonly code = 'busy';
}

export interface Verifier {
  /**
   * @param proof `PROOF_BYTES`
   * @param source the sender, such as a client's address. Sources are served in turn: a source with one proof waits for at most one proof
   * of each other source. A full queue drops a proof of the source with the most proofs
   * @throws VerifierBusyError (rejects) if the queue is full, the thread died or did not answer, or the verifier is closed. The proof was
   * not checked; try again later
   */
  verify(publicInputs: PublicInputs, proof: Uint8Array, source?: string): Promise<Verdict>;
  /** How many proofs wait. Proofs that a thread is verifying do not count. */
  readonly queued: number;
  /** Ends the threads. Every unfinished proof is rejected as busy. */
  close(): Promise<void>;
}

interface Job {
  readonly question: ThreadQuestion;
  readonly settle: (verdict: ThreadVerdict | VerifierBusyError) => void;
}

/** Resolves when every thread is ready, after about 0.3 s. @throws Error if the proof system or verification key in the build is not the pinned one */
export async function createVerifier(options: VerifierOptions = {}): Promise<Verifier> {
  const verifier = new ThreadedVerifier(await barretenbergModule(), options);
  await verifier.start();
  return verifier;
}

class ThreadedVerifier implements Verifier {
  private readonly queue: FairQueue<Job>;
  private readonly threads: VerifierThread[];
  private readonly onRefused: (reason: string) => void;

  constructor(
    module: WebAssembly.Module,
    { workers = 1, maxQueued = 32, timeoutMs = 10_000, onRefused = () => undefined }: VerifierOptions,
  ) {
    this.queue = new FairQueue(maxQueued);
    this.onRefused = onRefused;
    const data = { module, verificationKey: verificationKey() };
    const program = threadProgram();
    this.threads = Array.from(
      { length: workers },
      () => new VerifierThread(program, data, timeoutMs, () => this.queue.next()),
    );
  }

  async start(): Promise<void> {
    try {
      await Promise.all(this.threads.map((thread) => thread.start()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get queued(): number {
    return this.queue.length;
  }

  async verify(publicInputs: PublicInputs, proof: Uint8Array, source = ''): Promise<Verdict> {
    const inputs = PUBLIC_INPUTS.map((name) => publicInputs[name]);
    if (proof.length !== PROOF_BYTES) return this.refuse('proof of another length');
    if (!inputs.every(isField)) return this.refuse('public input that is not a field element');
    if (this.threads.every(({ isDown }) => isDown)) throw busy('no thread is running');
    const verdict = await new Promise<ThreadVerdict>((resolve, reject) => {
      const settle: Job['settle'] = (result) => {
        if (result instanceof VerifierBusyError) reject(result);
        else resolve(result);
      };
      this.queue.add(source, { question: { publicInputs: inputs, proof }, settle })?.settle(busy('the queue is full'));
      for (const thread of this.threads) thread.work();
    });
    if (verdict.valid) return { valid: true };
    return this.refuse(verdict.threw === undefined ? 'proof does not verify' : `proof system: ${verdict.threw}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
    for (let job = this.queue.next(); job !== undefined; job = this.queue.next()) job.settle(busy('closed'));
  }

  private refuse(reason: string): Verdict {
    this.onRefused(reason.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200));
    return { valid: false };
  }
}

/** A worker thread that takes the next job when it is free. A thread that dies or does not answer is replaced. */
class VerifierThread {
  private worker: Worker | undefined;
  private job: Job | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isReady = false;
  private isClosed = false;
  /** True if the thread is closed, or is being replaced. */
  isDown = false;

  constructor(
    private readonly program: string,
    private readonly data: ThreadData,
    private readonly timeoutMs: number,
    private readonly next: () => Job | undefined,
  ) {}

  /** Resolves when the thread can verify. */
  start(): Promise<void> {
    this.isReady = false;
    // The thread's output is discarded, because it would mix with the log.
    const worker = new Worker(this.program, {
      eval: true,
      workerData: this.data,
      stdout: true,
      stderr: true,
      env: {},
      resourceLimits: HEAP,
    });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => {
        reject(new Error('the thread of the verifier ended'));
        if (this.worker === worker && this.isReady) this.replace('the thread ended');
      });
      worker.on('message', (message: 'ready' | ThreadVerdict) => {
        if (message !== 'ready') {
          this.settle(message);
        } else {
          this.isReady = true;
          worker.unref();
          resolve();
        }
        this.work();
      });
    });
  }

  work(): void {
    if (!this.isReady || this.isClosed || this.job !== undefined) return;
    const job = this.next();
    if (job === undefined) return;
    this.job = job;
    this.worker?.ref();
    this.timer = globalThis.setTimeout(() => {
      this.replace('no answer in time');
    }, this.timeoutMs);
    this.worker?.postMessage(job.question);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.isDown = true;
    const worker = this.worker;
    this.worker = undefined;
    this.settle(busy('closed'));
    await worker?.terminate();
  }

  private settle(verdict: ThreadVerdict | VerifierBusyError): void {
    clearTimeout(this.timer);
    const job = this.job;
    this.job = undefined;
    this.worker?.unref();
    job?.settle(verdict);
  }

  /**
   * Ends the thread and starts another. The proof is rejected as busy, not as invalid, because a thread that dies or
   * does not answer proves nothing about the proof.
   */
  private replace(reason: string): void {
    const old = this.worker;
    this.worker = undefined;
    this.isReady = false;
    this.isDown = true;
    this.settle(busy(reason));
    void old?.terminate();
    if (!this.isClosed) void this.restart();
  }

  private async restart(): Promise<void> {
    while (!this.isClosed) {
      try {
        await this.start();
        this.isDown = false;
        this.work();
        return;
      } catch {
        await setTimeout(RESTART_DELAY_MS, undefined, { ref: false });
      }
    }
  }
}

function busy(reason: string): VerifierBusyError {
  return new VerifierBusyError(reason);
}
