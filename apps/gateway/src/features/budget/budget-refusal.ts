import { ProblemError } from '../../core/problems/problem-error';
import { endOfDay, endOfHour, secondsUntil } from './windows';

/** The problems with which a cap or a stop refuses a message. */
export type BudgetRefusal =
  'emergency_stop' | 'user_daily_limit_reached' | 'daily_messages_reached' | 'system_hourly_limit_reached';

/** How long a client waits before it asks whether an operator has cleared the stop. */
const STOP_RETRY_AFTER_SECONDS = 900;

/** When the window in which `code` refuses ends; null for a stop, which an operator ends. */
export function windowEnd(code: BudgetRefusal, now: Date): Date | null {
  switch (code) {
    case 'emergency_stop':
      return null;
    case 'system_hourly_limit_reached':
      return endOfHour(now);
    default:
      return endOfDay(now);
  }
}

/** The refusal as the client gets it, with `Retry-After`. */
export function budgetProblem(code: BudgetRefusal, now: Date): ProblemError {
  const end = windowEnd(code, now);
  return new ProblemError(code, {
    retryAfterSeconds: end === null ? STOP_RETRY_AFTER_SECONDS : secondsUntil(end, now),
  });
}
