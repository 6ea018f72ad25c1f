// How long a message in progress has had no change, and whether the server answers at all.
import { useEffect, useState } from 'preact/hooks';

/** After this long without a change, the page asks the server whether it answers. */
const QUIET_MS = 5000;
const TIMEOUT_MS = 4000;

/** `quiet`: /health answers 2xx. `busy`: it answers with an error, such as 503. `gone`: no answer. */
export type Silence = { readonly kind: 'quiet' | 'busy' | 'gone'; readonly forMs: number } | undefined;

/**
 * Returns how long nothing has changed, and whether the server answers; undefined before QUIET_MS have passed.
 * @param heardAtMs when something last changed; undefined while no message is followed
 */
export function useSilence(heardAtMs: number | undefined): Silence {
  const [silence, setSilence] = useState<Silence>(undefined);
  useEffect(() => {
    setSilence(undefined);
    if (heardAtMs === undefined) return undefined;
    const controller = new AbortController();
    let asking = false;
    const timer = setInterval(() => {
      if (Date.now() - heardAtMs < QUIET_MS || asking) return;
      asking = true;
      void askHealth(controller.signal).then((kind) => {
        asking = false;
        if (!controller.signal.aborted) setSilence({ kind, forMs: Date.now() - heardAtMs });
      });
    }, 1000);
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }, [heardAtMs]);
  return silence;
}

/** Asks whether the server answers. Any answer, even 503, shows that it is reachable. */
export async function askHealth(signal: AbortSignal): Promise<'quiet' | 'busy' | 'gone'> {
  try {
    const { ok } = await fetch('/health', {
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return ok ? 'quiet' : 'busy';
  } catch {
    return 'gone';
  }
}
