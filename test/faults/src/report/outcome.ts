import type { Violation } from '../judge/violation';
import type { Options } from '../options';
import type { Injected } from '@communique-tee/test-system';
import type { SentMessage } from '../senders/sent-message';

/** What the judge found at one of its two examinations. */
export interface Phase {
  /** Whether no message was waiting when the judge began. */
  readonly quiet: boolean;
  readonly violations: readonly Violation[];
  readonly ends: Readonly<Record<string, number>>;
  /** How many messages ended as `unknown` and have no copy at any office. */
  readonly unknownWithoutCopy: number;
  readonly copies: number;
  readonly receipts: number;
}

export interface Outcome {
  readonly options: Options;
  /** The first examination is after the faults; the second is after the messages that ended as key_retired were sealed again. */
  readonly phases: readonly [Phase, Phase];
  /** How many steps were compared with the model's transitions, and how long that took. */
  readonly trace: { readonly steps: number; readonly checkedMs: number };
  readonly failures: readonly Violation[];
  readonly sent: readonly SentMessage[];
  readonly injected: Injected;
  readonly withRedis: boolean;
  /** How often the faults of Congress struck, by kind. */
  readonly struck: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export function isClean({ phases, failures }: Outcome): boolean {
  return failures.length === 0 && phases.every(({ quiet, violations }) => quiet && violations.length === 0);
}
