import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { CachedValue } from '../../core/redis/decision-script';
import { SharedRedis } from '../../core/redis/shared-redis';
import { type BudgetRefusal, windowEnd } from './budget-refusal';
import { windowsOf } from './windows';

/** How long a cached refusal replaces PostgreSQL's decision. */
export const REFUSAL_LIFE_MS = 2000;

/** PostgreSQL's recent refusal. It is valid until performance.now() reaches `untilMs`. */
export interface CachedRefusal {
  readonly code: BudgetRefusal;
  readonly untilMs: number;
}

/** The codes that each key of `cachedRefusalKeys` may have. If several keys have a code, the first key decides. */
const CODES = [
  ['emergency_stop'],
  ['user_daily_limit_reached', 'daily_messages_reached', 'fair_share_reached'],
  ['system_hourly_limit_reached', 'system_daily_limit_reached'],
] as const satisfies BudgetRefusal[][];

/** The keys of the stop, the owner's UTC day and the system's UTC hour. A key names its window, so it does not apply to the next window. */
export function cachedRefusalKeys(owner: string, now: Date): readonly [string, string, string] {
  const { hour, day } = windowsOf(now);
  return [
    'communique:budget:stop',
    `communique:budget:user_day:${owner}:${String(day.getTime())}`,
    `communique:budget:system_hour:${String(hour.getTime())}`,
  ];
}

/** What a request wants to spend. */
export type Spending = 'paid_message' | 'free_message' | 'agent_task';

const REFUSED_BY: Readonly<Record<Spending, readonly BudgetRefusal[]>> = {
  paid_message: CODES.flat(),
  free_message: ['daily_messages_reached'],
  // Tasks reserve different amounts, so a window that is full for one task may have room for another.
  agent_task: ['emergency_stop'],
};

/**
 * Returns the cached refusal that applies to this spending, or null.
 * @param values the values of the three keys, or none; a value that is not one of its key's codes is ignored
 */
export function readCachedRefusal(
  values: readonly CachedValue[],
  now: Date,
  spending: Spending = 'paid_message',
): CachedRefusal | null {
  for (const [at, codes] of CODES.entries()) {
    const cached = values[at];
    const code = codes.find((each) => each === cached?.value && REFUSED_BY[spending].includes(each));
    if (cached === undefined || code === undefined) continue;
    return { code, untilMs: performance.now() + Math.min(cached.leftMs, lifeMs(code, now)) };
  }
  return null;
}

/** A refusal ends with its window. A fair share ends with the hour, but its key names the day, so Redis must drop it in time. */
function lifeMs(code: BudgetRefusal, now: Date): number {
  return Math.min(REFUSAL_LIFE_MS, (windowEnd(code, now)?.getTime() ?? Infinity) - now.getTime());
}

/** Shares PostgreSQL's refusals with every process, through Redis. */
@Injectable()
export class CachedRefusals {
  private readonly underWay = new Set<string>();

  constructor(private readonly redis: SharedRedis) {}

  /**
   * Returns at once; the answer to the client does not wait for Redis.
   * @param code a refusal that every similar request would get too. For an agent's task, pass only `emergency_stop`.
   */
  remember(code: BudgetRefusal, owner: string | null, now: Date): void {
    // Without an owner only the stop and the system's windows refuse.
    const key = cachedRefusalKeys(owner ?? '', now)[CODES.findIndex((codes) => codes.some((each) => each === code))];
    if (key === undefined || !this.redis.usable || this.underWay.has(key)) return;
    this.underWay.add(key);
    void this.redis
      .ask((redis) => redis.set(key, code, 'PX', lifeMs(code, now)))
      .finally(() => this.underWay.delete(key));
  }
}

const ofRequest = new WeakMap<FastifyRequest, CachedRefusal>();

/**
 * Keeps the refusal that the gateway read before the body. The handler applies it later, because a message that was accepted before must
 * still be answered.
 */
export function keepCachedRefusal(request: FastifyRequest, refusal: CachedRefusal): void {
  ofRequest.set(request, refusal);
}

export function cachedRefusalOf(request: FastifyRequest): CachedRefusal | null {
  return ofRequest.get(request) ?? null;
}
