/** So many at once; with more, the first that came in is asked about again. */
const MAX_KEYS = 10_000;

/** Who is over a quota until when, as far as this process was told: a flood is refused from here and reaches neither Redis nor a token's signature. */
export class KnownOver {
  private readonly endsAtMs = new Map<string, number>();

  constructor(private readonly maxKeys = MAX_KEYS) {}

  add(key: string, leftMs: number): void {
    this.endsAtMs.delete(key);
    for (const oldest of this.endsAtMs.keys()) {
      if (this.endsAtMs.size < this.maxKeys) break;
      this.endsAtMs.delete(oldest);
    }
    this.endsAtMs.set(key, performance.now() + leftMs);
  }

  /** @returns milliseconds until its window ends, or undefined where it is not known to be over */
  leftMs(key: string): number | undefined {
    const endsAtMs = this.endsAtMs.get(key);
    if (endsAtMs === undefined) return undefined;
    const leftMs = endsAtMs - performance.now();
    if (leftMs > 0) return leftMs;
    this.endsAtMs.delete(key);
    return undefined;
  }
}
