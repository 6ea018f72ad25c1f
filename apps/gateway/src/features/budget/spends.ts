import { routePolicy } from '../../core/routing/route-policy';
import type { BudgetRefusal } from './budget-refusal';

/** The route spends money: while a refusal by PostgreSQL is cached, it is refused without a transaction. */
export function Spends(): MethodDecorator {
  return routePolicy({
    spends: true,
    problems: [
      'user_daily_limit_reached',
      'daily_messages_reached',
      'fair_share_reached',
      'system_hourly_limit_reached',
      'system_daily_limit_reached',
      'emergency_stop',
    ] satisfies BudgetRefusal[],
  });
}
