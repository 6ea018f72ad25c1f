import { Worker } from 'node:worker_threads';
import { barretenbergModule } from '../barretenberg/module.node';
import { webAssembly } from '../barretenberg/web-assembly';
import { acvmFile } from './acvm-file.node';
import { ProverOfWorker, type ProvingWorker, type ProvingWorkerEvents } from './prover-of-worker';
import { threadProgram } from './program.node';
import { ProvingError, type Prover } from './proving';
import type { ProvingReport } from './worker-messages';

export interface NodeProverOptions {
  /** The 262,208 bytes that {@link findReferenceString} returned. */
  readonly referenceString: Uint8Array;
}

/** Returns a prover in a worker thread. The first proof takes 1 s, a later proof about 0.5 s. The prover takes 100 MB until it is closed. */
export function createProver({ referenceString }: NodeProverOptions): Prover {
  return new ProverOfWorker({
    startWorker,
    source: async () => {
      try {
        const [barretenberg, acvm] = await Promise.all([barretenbergModule(), acvmModule()]);
        return { barretenberg, acvm, referenceString };
      } catch {
        throw new ProvingError('ERR_PROVING_FILES');
      }
    },
  });
}

function startWorker({ onReport, onEnd }: ProvingWorkerEvents): ProvingWorker {
  // The worker's output is discarded, because a command must print one JSON value and nothing else
  const worker = new Worker(threadProgram(), { eval: true, stdout: true, stderr: true, env: {} });
  worker.unref();
  worker.on('message', (report: ProvingReport) => {
    if (!('state' in report)) worker.unref();
    onReport(report);
  });
  worker.on('error', onEnd);
  worker.on('exit', onEnd);
  return {
    post: (question) => {
      worker.ref();
      worker.postMessage(question);
    },
    terminate: () => void worker.terminate(),
  };
}

let acvm: Promise<WebAssembly.Module> | undefined;

function acvmModule(): Promise<WebAssembly.Module> {
  acvm ??= webAssembly.compile(acvmFile());
  return acvm;
}
