import type { Fault, FaultScope } from './fault';

interface Planned {
  fault: Fault;
  action: string | undefined;
  passing: number;
  left: number;
}

/** Decides which fault strikes a request: the first that matches. */
export class FaultSchedule {
  #plan: Planned[] = [];
  readonly #struck = new Map<Fault['kind'], number>();

  /** @throws TypeError if `after` or `times` is not a valid number */
  add(fault: Fault, { action, after = 0, times = 1 }: FaultScope = {}): void {
    const left = times === 'always' ? Infinity : times;
    if (!Number.isInteger(after) || after < 0 || !(left === Infinity || (Number.isInteger(left) && left > 0)))
      throw new TypeError('after: a count from 0; times: a count from 1, or "always"');
    this.#plan.push({ fault, action, passing: after, left });
  }

  /** Ends all faults. */
  clear(): void {
    this.#plan = [];
  }

  /** How often each kind of fault has struck since the start. */
  counts(): Partial<Record<Fault['kind'], number>> {
    return Object.fromEntries(this.#struck);
  }

  /** Returns the fault that strikes a request, if any. Matching faults before it count this request toward their `after`. */
  take(action: string): Fault | undefined {
    for (const planned of this.#plan) {
      if (planned.left === 0 || (planned.action !== undefined && planned.action !== action)) continue;
      if (planned.passing > 0) {
        planned.passing--;
        continue;
      }
      planned.left--;
      this.#struck.set(planned.fault.kind, (this.#struck.get(planned.fault.kind) ?? 0) + 1);
      return planned.fault;
    }
    return undefined;
  }
}
