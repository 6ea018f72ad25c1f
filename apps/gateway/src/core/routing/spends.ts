import { routePolicy } from './route-policy';

/** The route spends: up to `costMicroUsd` a request. What is known to be over a cap is refused without a transaction (early-refusal.ts). */
export function Spends(costMicroUsd: bigint): MethodDecorator {
  return routePolicy({ costMicroUsd });
}
