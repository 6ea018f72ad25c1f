import type { Chamber } from '../chambers';
import type { Fault } from '../faults/fault';
import { faultOf, type Outcome, type OutcomeKey, type Outcomes } from './outcome';

/** The most messages whose attempts are counted. One more drops the oldest count. */
const MAX_COUNTED = 100_000;

/** The outcomes chosen by control calls. An office's outcome has precedence over its chamber's. */
export class OutcomeTable {
  private chosen = new Map<OutcomeKey, Outcome>();
  private readonly attempts = new Map<string, number>();

  all(): Outcomes {
    return Object.fromEntries(this.chosen);
  }

  /** Replaces all outcomes; `{}` clears them. Attempts are counted from zero again. */
  replace(outcomes: Outcomes): void {
    this.chosen = new Map(Object.entries(outcomes));
    this.attempts.clear();
  }

  /** Sets one outcome. The attempts of all messages are counted from zero again. */
  set(key: OutcomeKey, outcome: Outcome): void {
    this.chosen.set(key, outcome);
    this.attempts.clear();
  }

  /** Clears one outcome, and returns whether it existed. */
  clear(key: OutcomeKey): boolean {
    return this.chosen.delete(key);
  }

  /**
   * Returns how to answer this attempt; `fault: null` accepts the message. Returns null if no outcome was chosen for the office or its
   * chamber.
   */
  take(chamber: Chamber, office: string, deliveryId: string): { fault: Fault | null } | null {
    const outcome = this.chosen.get(office) ?? this.chosen.get(chamber);
    if (!outcome) return null;
    const limit = 'attempts' in outcome ? outcome.attempts : undefined;
    if (limit !== undefined && this.count(`${chamber} ${deliveryId}`) > limit) return { fault: null };
    return { fault: faultOf(outcome) };
  }

  private count(message: string): number {
    const attempt = (this.attempts.get(message) ?? 0) + 1;
    this.attempts.delete(message);
    this.attempts.set(message, attempt);
    for (const oldest of this.attempts.keys()) {
      if (this.attempts.size <= MAX_COUNTED) break;
      this.attempts.delete(oldest);
    }
    return attempt;
  }
}
