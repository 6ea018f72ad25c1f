import { wholeMs } from './windows-in-memory';

/** The maximum number of cached addresses. The cache drops the oldest first; that address's next request then asks Redis again. */
const MAX_KEYS = 10_000;

/**
 * Addresses that Redis reported to be over their quota, and until when. A flood is refused from this cache, without Redis and before any
 * token is verified.
 */
export class OverQuotaCache {
  private readonly endsAtMs = new Map<string, number>();

  constructor(private readonly maxKeys = MAX_KEYS) {}

  add(key: string, leftMs: number): void {
    this.endsAtMs.delete(key);
    for (const oldest of this.endsAtMs.keys()) {
      if (this.endsAtMs.size < this.maxKeys) break;
      this.endsAtMs.delete(oldest);
    }
    this.endsAtMs.set(key, wholeMs() + leftMs);
  }

  /** @returns milliseconds until the window of `key` ends, or undefined if it is not known to be over its quota */
  leftMs(key: string): number | undefined {
    const endsAtMs = this.endsAtMs.get(key);
    if (endsAtMs === undefined) return undefined;
    const leftMs = endsAtMs - wholeMs();
    if (leftMs > 0) return leftMs;
    this.endsAtMs.delete(key);
    return undefined;
  }
}
