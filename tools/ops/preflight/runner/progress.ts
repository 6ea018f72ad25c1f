import type { Check } from '../check';

const FIRST_AFTER_MS = 700;
const EVERY_MS = 200;
const MOST_NAMES = 4;

/** A line on the terminal that names the checks that preflight waits for. The line is removed before anything else is printed. */
export class Progress {
  readonly #waiting = new Map<Check, number>();
  #timer: NodeJS.Timeout | undefined;
  #shown = false;

  constructor(
    private readonly write: ((text: string) => void) | undefined,
    private readonly nowMs: () => number,
  ) {}

  start(check: Check): void {
    this.#waiting.set(check, this.nowMs());
    if (this.write === undefined || this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      this.#show();
    }, EVERY_MS);
    this.#timer.unref();
  }

  end(check: Check): void {
    this.#waiting.delete(check);
  }

  clear(): void {
    if (this.#shown) this.write?.('\r\u001b[2K');
    this.#shown = false;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #show(): void {
    const now = this.nowMs();
    const slow = [...this.#waiting].filter(([, since]) => now - since >= FIRST_AFTER_MS);
    this.clear();
    const [first] = slow;
    if (first === undefined) return;
    const names = slow
      .slice(0, MOST_NAMES)
      .map(([{ name }]) => name)
      .join(', ');
    const more = slow.length > MOST_NAMES ? ` and ${String(slow.length - MOST_NAMES)} more` : '';
    this.write?.(`  ... ${names}${more} (${String(Math.floor((now - first[1]) / 1000))} s)`);
    this.#shown = true;
  }
}
