import { routePolicy } from './route-policy';

/** The route spends: up to `costMicroUsd` a request. What is known to be over a cap is refused without a transaction (early-refusal.ts). */
export function Spends(costMicroUsd: bigint): MethodDecorator {
  return routePolicy({
    costMicroUsd,
    problems: ['user_daily_limit_reached', 'system_hourly_limit_reached', 'emergency_stop'],
  });
}
