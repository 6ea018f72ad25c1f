// A page's prover runs this worker. tools/dev/build/page.mjs builds it as a separate file, which has its own Content-Security-Policy.
import { REFERENCE_STRING_BYTES } from '../barretenberg/reference-string';
import { webAssembly } from '../barretenberg/web-assembly';
import { isReferenceString, silenceConsole, WorkerProver } from './prove-in-worker';
import { ProvingError } from './proving';
import { DownloadError, downloadStart } from './reference-string/download';
import type { Addresses, Loaded, ProvingQuestion, ProvingReport } from './worker-messages';

const TIMEOUT_MS = 60_000;

/** The parts of a dedicated worker's global scope that this code uses. */
const scope = globalThis as unknown as {
  postMessage: (report: ProvingReport) => void;
  onmessage: (event: { readonly data: ProvingQuestion<Addresses> }) => void;
};

async function load({ barretenberg, acvm, referenceString }: Addresses): Promise<Loaded> {
  // The reference string is loaded first: without it, the page need not load the other 4 MB
  const string = await loadReferenceString(referenceString);
  try {
    const [proofSystem, solver] = await Promise.all([compile(barretenberg), compile(acvm)]);
    return { barretenberg: proofSystem, acvm: solver, referenceString: string };
  } catch {
    throw new ProvingError('ERR_PROVING_FILES');
  }
}

/** Compiles a wasm file from the gateway. Its name contains the hash of its content, so the browser may keep the compiled code. */
async function compile(address: string): Promise<WebAssembly.Module> {
  return webAssembly.compileStreaming(fetch(address, { credentials: 'omit', signal: AbortSignal.timeout(TIMEOUT_MS) }));
}

/** Reads the reference string from the browser's cache or the gateway. If that fails, reads it once more, without the cache. */
async function loadReferenceString(address: string): Promise<Uint8Array> {
  let hasAnswered = false;
  for (const cache of ['default', 'reload'] as const) {
    const fetchFrom: typeof fetch = (input, init) => fetch(input, { ...init, cache });
    try {
      const options = { fetch: fetchFrom, timeoutMs: TIMEOUT_MS, whole: true };
      const bytes = await downloadStart(address, REFERENCE_STRING_BYTES, options);
      if (isReferenceString(bytes)) return bytes;
      hasAnswered = true;
    } catch (error) {
      hasAnswered ||= error instanceof DownloadError && error.answered;
    }
  }
  // Only without any answer is it worth trying again, so the codes differ
  throw new ProvingError(hasAnswered ? 'ERR_PROVING_NO_REFERENCE_STRING' : 'ERR_PROVING_FILES');
}

silenceConsole();
const prover = new WorkerProver(load, (report) => {
  scope.postMessage(report);
});
scope.onmessage = ({ data }) => void prover.answer(data);
