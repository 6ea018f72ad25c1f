import type { GatewayConfig } from '../../core/config/gateway-config';
import type { Copy } from '../../core/redis/decision-script';
import { endOfDay, endOfHour, windowsOf } from './windows';

/** How long what PostgreSQL said when it refused may refuse others in its place. */
export const COPY_LIFE_MS = 2000;

export type CapReached = 'user_daily_limit_reached' | 'system_hourly_limit_reached';
export type BudgetRefusal = 'emergency_stop' | CapReached;

/** PostgreSQL would refuse, as it said a moment ago. It refuses in its place until `untilMs` of performance.now(), and says nothing after. */
export interface ForeseenRefusal {
  readonly code: BudgetRefusal;
  readonly untilMs: number;
}

/** What refuses without a sum. */
export const STOP_COPY = '1';
export const STOP_KEY = 'communique:budget:stop';

/** The day's threshold has no copy: whatever crosses it raises the stop. */
export interface WindowCopyKeys {
  readonly userDay: string;
  readonly systemHour: string;
}

export function windowCopyKeys(owner: string, now: Date): WindowCopyKeys {
  const { hour, day } = windowsOf(now);
  return {
    userDay: `communique:budget:user_day:${owner}:${String(day.getTime())}`,
    systemHour: `communique:budget:system_hour:${String(hour.getTime())}`,
  };
}

/** @param copies of the stop, the user's day and the system's hour, or empty: in the order in which PostgreSQL looks, so that the same one refuses */
export function foresee(
  copies: readonly Copy[],
  costMicroUsd: bigint,
  caps: GatewayConfig['budget'],
  now: Date,
): ForeseenRefusal | null {
  const [stop, userDay, systemHour] = copies;
  if (stop?.value === STOP_COPY) return refusal('emergency_stop', stop, Infinity);
  if (isFull(userDay, costMicroUsd, caps.userDayCapMicroUsd))
    return refusal('user_daily_limit_reached', userDay, endOfDay(now).getTime() - now.getTime());
  if (isFull(systemHour, costMicroUsd, caps.systemHourCapMicroUsd))
    return refusal('system_hourly_limit_reached', systemHour, endOfHour(now).getTime() - now.getTime());
  return null;
}

/** An amount that PostgreSQL can hold, and nothing that merely looks like one. */
function isFull(copy: Copy | undefined, costMicroUsd: bigint, capMicroUsd: bigint): copy is Copy {
  return (
    typeof copy?.value === 'string' &&
    /^(0|[1-9][0-9]{0,18})$/.test(copy.value) &&
    BigInt(copy.value) + costMicroUsd > capMicroUsd
  );
}

function refusal(code: BudgetRefusal, { leftMs }: Copy, windowLeftMs: number): ForeseenRefusal {
  return { code, untilMs: performance.now() + Math.min(leftMs, COPY_LIFE_MS, windowLeftMs) };
}
