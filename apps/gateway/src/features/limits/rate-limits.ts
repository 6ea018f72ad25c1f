import { Inject, Injectable } from '@nestjs/common';
import {
  type CachedRefusal,
  cachedRefusalKeys,
  readCachedRefusal,
  REFUSAL_LIFE_MS,
  type Spending,
} from '../budget/cached-refusals';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Logger } from '../../core/telemetry/logger';
import { type Counted, runDecisionScript, type ScriptAnswer } from '../../core/redis/decision-script';
import { OverQuotaCache } from './over-quota-cache';
import { RateLimitMetrics } from './rate-limit-metrics';
import type { RateLimitClass, RateLimitScope } from '../../core/routing/rate-limit-class';
import type { Spends } from '../../core/routing/route-policy';
import { SharedRedis, type SharedRedisState } from '../../core/redis/shared-redis';
import type { RateLimitState } from './rate-limit-state';
import { WindowsInMemory } from './windows-in-memory';

export interface DecisionRequest {
  readonly limitClass: RateLimitClass;
  readonly address: string;
  /** The owner of the valid token; absent: only the address is counted. */
  readonly owner?: string | undefined;
  /**
   * What the request may spend money on; absent: it spends no money. Without an owner only the stop and the system's windows can refuse it.
   */
  readonly spends?: Spends | undefined;
}

export interface Decision {
  /** The state of the address. After it the owner's, if there is an owner and the address is not over its quota. */
  readonly states: readonly RateLimitState[];
  /** A recent refusal by PostgreSQL that still applies to this request. Null: PostgreSQL decides. */
  readonly cachedRefusal: CachedRefusal | null;
}

/**
 * Checks every request before its body is read. One round trip to Redis counts the request in the windows of its address and its user, and
 * reads the budget's cached refusals. All gateway processes share these windows. Without Redis, each process counts for itself, and no
 * refusal is cached. The caps on money do not depend on Redis.
 */
@Injectable()
export class RateLimits {
  private readonly quotas: Readonly<Record<RateLimitClass, number>>;
  private readonly windowMs: number;
  private readonly message: Spending;
  private readonly local: WindowsInMemory;
  private readonly overQuota = new OverQuotaCache();

  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'rateLimits' | 'budget'>,
    private readonly redis: SharedRedis,
    private readonly logger: Logger,
    private readonly metrics: RateLimitMetrics,
  ) {
    const { windowMs, maxRequests, attestationMaxRequests, otherMaxRequests, proofMaxRequests } = config.rateLimits;
    this.windowMs = Math.floor(windowMs / 1000) * 1000;
    this.message = config.budget.deliveryPriceMicroUsd === 0n ? 'free_message' : 'paid_message';
    this.local = new WindowsInMemory(this.windowMs);
    this.quotas = {
      api: maxRequests,
      attestation: attestationMaxRequests,
      health: otherMaxRequests,
      proof: proofMaxRequests,
      other: otherMaxRequests,
    };
  }

  /**
   * Returns the state of an address if this process knows that the address is over its quota; otherwise undefined. Does not count the request,
   * and asks neither Redis nor the database.
   */
  refusedFromMemory(limitClass: RateLimitClass, address: string): RateLimitState | undefined {
    const key = keyOf(limitClass, 'address', address);
    const quota = this.quotas[limitClass];
    let leftMs: number | undefined;
    if (this.redis.usable) {
      leftMs = this.overQuota.leftMs(key);
    } else {
      const counted = this.local.peek(key);
      if (counted !== undefined && counted.count > quota) leftMs = counted.leftMs;
    }
    if (leftMs === undefined) return undefined;
    this.metrics.refused(limitClass);
    return this.stateOf(limitClass, 'address', { count: quota + 1, leftMs });
  }

  /** Counts one request and reads the cached refusals. If Redis fails, this process counts; it throws nothing. */
  async decide({ limitClass, address, owner, spends }: DecisionRequest, now = new Date()): Promise<Decision> {
    const addressKey = keyOf(limitClass, 'address', address);
    const userKey = owner === undefined ? undefined : keyOf(limitClass, 'user', owner);
    const windows = userKey === undefined ? [addressKey] : [addressKey, userKey];
    const keys = spends !== undefined ? [...windows, ...cachedRefusalKeys(owner ?? '', now)] : windows;
    const quota = this.quotas[limitClass];
    const shared = await this.redis.ask((redis) =>
      runDecisionScript(redis, keys, [this.windowMs, quota, REFUSAL_LIFE_MS, userKey === undefined ? 1 : 2]),
    );
    if (shared !== undefined && shared.address.count > quota) this.overQuota.add(addressKey, shared.address.leftMs);
    const answer = shared ?? this.countHere(addressKey, userKey, quota);
    const states = [this.counted(limitClass, 'address', answer.address)];
    if (answer.user !== undefined) states.push(this.counted(limitClass, 'user', answer.user));
    if (spends === undefined) return { states, cachedRefusal: null };
    const spending = spends === 'message' ? this.message : 'agent_task';
    return { states, cachedRefusal: readCachedRefusal(answer.cached, now, spending) };
  }

  /** Where requests are counted, and whether Redis is away. */
  state(): SharedRedisState {
    return this.redis.state();
  }

  private countHere(addressKey: string, userKey: string | undefined, quota: number): ScriptAnswer {
    const address = this.local.count(addressKey);
    return address.count > quota || userKey === undefined
      ? { address, cached: [] }
      : { address, user: this.local.count(userKey), cached: [] };
  }

  private counted(limitClass: RateLimitClass, scope: RateLimitScope, counted: Counted): RateLimitState {
    const state = this.stateOf(limitClass, scope, counted);
    if (!state.allowed) this.metrics.refused(limitClass);
    // One line for each window that goes over its quota, however many requests follow.
    if (counted.count === state.quota + 1)
      this.logger.warn({ code: 'rate_limited', reason: state.policy, count: state.quota }, 'a rate limit was reached');
    return state;
  }

  private stateOf(limitClass: RateLimitClass, scope: RateLimitScope, { count, leftMs }: Counted): RateLimitState {
    const quota = this.quotas[limitClass];
    return {
      allowed: count <= quota,
      policy: `${limitClass}-${scope}`,
      quota,
      windowSeconds: this.windowMs / 1000,
      remaining: Math.max(0, quota - count),
      resetSeconds: Math.max(1, Math.ceil(leftMs / 1000)),
    };
  }
}

function keyOf(limitClass: RateLimitClass, scope: RateLimitScope, subject: string): string {
  return `communique:rate:${limitClass}:${scope}:${subject}`;
}
