// The program of the prover's worker thread.
import { parentPort } from 'node:worker_threads';
import { silenceConsole, WorkerProver } from './prove-in-worker';
import type { Loaded, ProvingQuestion, ProvingReport } from './worker-messages';

silenceConsole();
const prover = new WorkerProver<Loaded>(
  (loaded) => Promise.resolve(loaded),
  (report: ProvingReport) => parentPort?.postMessage(report),
);
parentPort?.on('message', (question: ProvingQuestion<Loaded>) => void prover.answer(question));
