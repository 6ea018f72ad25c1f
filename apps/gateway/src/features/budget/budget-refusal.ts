import { ProblemError } from '../../core/problems/problem-error';
import { endOfDay, endOfHour, secondsUntil } from './windows';

/** The problems with which a cap or a stop refuses a message. */
export type BudgetRefusal =
  | 'emergency_stop'
  | 'user_daily_limit_reached'
  | 'daily_messages_reached'
  | 'fair_share_reached'
  | 'system_hourly_limit_reached'
  | 'system_daily_limit_reached';

/** Retry-After if the gateway does not know when it can accept again. */
const RETRY_AFTER_SECONDS = 900;

/**
 * When the window that refuses with `code` ends. Null if the refusal can end earlier: an operator clears a stop, and messages that end make
 * room in the system's day.
 */
export function windowEnd(code: BudgetRefusal, now: Date): Date | null {
  switch (code) {
    case 'emergency_stop':
    case 'system_daily_limit_reached':
      return null;
    case 'system_hourly_limit_reached':
    case 'fair_share_reached':
      return endOfHour(now);
    default:
      return endOfDay(now);
  }
}

export function budgetProblem(code: BudgetRefusal, now: Date): ProblemError {
  const end = windowEnd(code, now);
  return new ProblemError(code, {
    retryAfterSeconds: end === null ? RETRY_AFTER_SECONDS : secondsUntil(end, now),
  });
}
