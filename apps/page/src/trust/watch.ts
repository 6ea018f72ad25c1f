import { effect } from '@preact/signals';
import { KEPT_KEY, namesInAddress } from './accepted';
import { checkEnclave, evidence, trust } from './trust';

/** When the person returns to the page, the page checks again if the last check is older than this. */
const STALE_MS = 60_000;
/** An open page checks again after this time. The client library keeps a key for 15 minutes. */
const RECHECK_MS = 10 * 60_000;
const RETRY_MS = 20_000;

/** Checks the enclave now and from time to time, and again soon after the server did not answer. */
export function watchEnclave(): void {
  void checkEnclave();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const checkIfInView = (): void => {
    if (document.visibilityState === 'visible') void checkEnclave(true);
  };
  effect(() => {
    clearTimeout(timer);
    if (trust.value.kind === 'checking') return;
    timer = setTimeout(checkIfInView, trust.value.kind === 'unreachable' ? RETRY_MS : RECHECK_MS);
  });
  const checkIfStale = (): void => {
    if (Date.now() - (evidence.value?.atMs ?? 0) > STALE_MS) checkIfInView();
  };
  document.addEventListener('visibilitychange', checkIfStale);
  // The Back button restores the page as it was, but the person may have changed settings on another page. The check makes this page wait
  // with sending
  globalThis.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) void checkEnclave();
  });
  globalThis.addEventListener('online', checkIfInView);
  // The person may open another link in this tab, or keep or forget an image in another tab
  globalThis.addEventListener('hashchange', () => {
    if (namesInAddress(location.hash, '') !== undefined) void checkEnclave();
  });
  globalThis.addEventListener('storage', ({ key }) => {
    if (key === KEPT_KEY || key === null) void checkEnclave();
  });
}
