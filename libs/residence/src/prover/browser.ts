/** Makes proofs of residence in a worker of a page. The worker loads only files of the page's own origin. */
import { ProverOfWorker, type ProvingWorker, type ProvingWorkerEvents } from './prover-of-worker';
import type { Prover } from './proving';
import type { Addresses, ProvingReport } from './worker-messages';

export { ProvingError } from './proving';
export type { ProofOfResidence, Prove, ProveOptions, Prover, ProvingErrorCode, ProvingState } from './proving';

/** The paths of the prover's files on the page's origin. The build names the files. */
export interface ProvingFiles extends Addresses {
  /** The script of the worker. */
  readonly worker: string;
}

/** The name of the Trusted Types policy, which the page's Content-Security-Policy must allow under `trusted-types`. */
export const WORKER_POLICY = 'communique-tee-worker';

/** The parts of the DOM that this code uses. The library does not load the DOM's types. */
interface PageScope {
  readonly Worker: new (
    script: unknown,
    options: { readonly type: 'module' },
  ) => {
    postMessage(message: unknown): void;
    terminate(): void;
    onmessage: (event: { readonly data: ProvingReport }) => void;
    onerror: (event: { preventDefault(): void }) => void;
    onmessageerror: () => void;
  };
  readonly trustedTypes?: {
    createPolicy(
      name: string,
      rules: { createScriptURL(url: string): string },
    ): { createScriptURL(url: string): unknown };
  };
}

/**
 * Returns a prover. The first proof starts the worker, which loads about 4 MB. A later proof takes half a second. A page must create only
 * one prover, because it can create the Trusted Types policy only once.
 */
export function createProver(files: ProvingFiles): Prover {
  const { worker: script, ...addresses } = files;
  const scope = globalThis as unknown as PageScope;
  const trusted = scriptUrl(scope, script);
  return new ProverOfWorker({
    startWorker: (events) => startWorker(scope, trusted, events),
    source: () => Promise.resolve(addresses),
  });
}

function startWorker({ Worker }: PageScope, script: unknown, { onReport, onEnd }: ProvingWorkerEvents): ProvingWorker {
  const worker = new Worker(script, { type: 'module' });
  worker.onmessage = ({ data }) => {
    onReport(data);
  };
  worker.onerror = (event) => {
    event.preventDefault(); // Keeps the thrown value out of the browser's console
    onEnd();
  };
  worker.onmessageerror = onEnd;
  return {
    post: (question) => {
      worker.postMessage(question);
    },
    terminate: () => {
      worker.terminate();
    },
  };
}

function scriptUrl({ trustedTypes }: PageScope, script: string): unknown {
  if (trustedTypes === undefined) return script;
  const createScriptURL = (url: string) => {
    if (url !== script) throw new TypeError('another script than that of the prover');
    return url;
  };
  return trustedTypes.createPolicy(WORKER_POLICY, { createScriptURL }).createScriptURL(script);
}
