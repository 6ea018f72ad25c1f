import { routePolicy, type Spends } from '../../core/routing/route-policy';
import type { BudgetRefusal } from './budget-refusal';

const PROBLEMS = {
  message: [
    'user_daily_limit_reached',
    'daily_messages_reached',
    'fair_share_reached',
    'system_hourly_limit_reached',
    'system_daily_limit_reached',
    'emergency_stop',
  ],
  agent_task: [
    'user_daily_limit_reached',
    'system_hourly_limit_reached',
    'system_daily_limit_reached',
    'emergency_stop',
  ],
} as const satisfies Record<Spends, readonly BudgetRefusal[]>;

/** The route spends money. While a refusal by PostgreSQL is cached, requests that would spend are refused without a transaction. */
export function SpendsOn(spends: Spends): MethodDecorator {
  return routePolicy({ spends, problems: PROBLEMS[spends] });
}
