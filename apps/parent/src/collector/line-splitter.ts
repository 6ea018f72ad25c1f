/** The most bytes of a line, not counting its newline. The rest of a longer line is dropped as it arrives. */
export const MAX_LINE_BYTES = 16_384;
const NEWLINE = 0x0a;

export interface Line {
  readonly bytes: Uint8Array;
  /** Whether the line was longer; `bytes` is then its beginning. */
  readonly cut: boolean;
}

/** Splits a stream into lines. It never buffers more than MAX_LINE_BYTES. */
export class LineSplitter {
  private readonly held = new Uint8Array(MAX_LINE_BYTES);
  private heldBytes = 0;
  private overflowed = false;

  constructor(private readonly onLine: (line: Line) => void) {}

  push(chunk: Uint8Array): void {
    for (let start = 0; start < chunk.length;) {
      const newline = chunk.indexOf(NEWLINE, start);
      const end = newline < 0 ? chunk.length : newline;
      this.hold(chunk.subarray(start, end));
      if (newline < 0) return;
      this.flush();
      start = newline + 1;
    }
  }

  /** Call this when the stream has ended. A last line without a newline counts. */
  end(): void {
    if (this.heldBytes > 0 || this.overflowed) this.flush();
  }

  private hold(part: Uint8Array): void {
    const room = MAX_LINE_BYTES - this.heldBytes;
    if (part.length > room) this.overflowed = true;
    this.held.set(part.subarray(0, room), this.heldBytes);
    this.heldBytes += Math.min(part.length, room);
  }

  private flush(): void {
    const line: Line = { bytes: this.held.slice(0, this.heldBytes), cut: this.overflowed };
    this.heldBytes = 0;
    this.overflowed = false;
    this.onLine(line);
  }
}

/** A rate limit: a bucket of at most `burst` lines that fills by `perSecond` lines a second. */
export class LineRate {
  private available: number;
  private lastMs: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.available = burst;
    this.lastMs = nowMs();
  }

  take(): boolean {
    const now = this.nowMs();
    this.available = Math.min(this.burst, this.available + ((now - this.lastMs) / 1000) * this.perSecond);
    this.lastMs = now;
    if (this.available < 1) return false;
    this.available--;
    return true;
  }
}
