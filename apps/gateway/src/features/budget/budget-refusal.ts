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

/** Retry-After if it is not known when there will be room again. */
const RETRY_AFTER_SECONDS = 900;

/**
 * When the window that refuses with `code` ends. Null for a stop, which an operator clears, and for the system's day, in which ended
 * messages make room.
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

/** The refusal as the client gets it, with `Retry-After`. */
export function budgetProblem(code: BudgetRefusal, now: Date): ProblemError {
  const end = windowEnd(code, now);
  return new ProblemError(code, {
    retryAfterSeconds: end === null ? RETRY_AFTER_SECONDS : secondsUntil(end, now),
  });
}
