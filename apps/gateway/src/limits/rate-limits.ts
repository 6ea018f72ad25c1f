import { once } from 'node:events';
import { Inject, Injectable, Optional, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { Logger } from '../observability/logger';
import { Metrics } from '../observability/metrics/metrics';
import type { RateLimitClass, RateLimitScope } from './rate-limit-class';
import type { Standing } from './standing';

export interface RateLimitsState {
  /** Where counts are kept by configuration. */
  readonly store: 'redis' | 'memory';
  /** Redis is configured and cannot be reached or does not answer: each process counts alone until it is back. */
  readonly degraded: boolean;
  readonly degradedSince: Date | null;
}

/** A request waits so long for Redis once; after that no request waits until Redis answered a probe. */
const COMMAND_TIMEOUT_MS = 150;
/** A connection on which nothing comes back for so long is given up for a new one. */
const SOCKET_TIMEOUT_MS = 2000;
const PROBE_INTERVAL_MS = 250;
const MAX_RECONNECT_DELAY_MS = 2000;
/** How long the start waits for Redis; it goes on without. */
const START_WAIT_MS = 2000;

interface Limiter {
  readonly quota: number;
  readonly local: RateLimiterAbstract;
  readonly shared: RateLimiterAbstract | undefined;
}

/** Fixed windows, counted in Redis for all processes together. Without Redis a window is counted in this process: the caps on money do not depend on it. */
@Injectable()
export class RateLimits implements OnModuleInit, OnApplicationShutdown {
  @Optional() @Inject(Metrics) private readonly metrics?: Metrics;
  private readonly redis: Redis | undefined;
  private readonly limiters: Readonly<Record<RateLimitClass, Limiter>>;
  private readonly windowSeconds: number;
  private degradedSince: Date | null = null;
  private probeTimer: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
    private readonly logger: Logger,
  ) {
    const { windowMs, maxRequests, attestationMaxRequests, otherMaxRequests } = config.rateLimits;
    this.windowSeconds = Math.floor(windowMs / 1000);
    if (config.redis !== undefined) this.redis = this.connect(config.redis.url);
    this.limiters = {
      api: this.limiter('api', maxRequests),
      attestation: this.limiter('attestation', attestationMaxRequests),
      health: this.limiter('health', otherMaxRequests),
      other: this.limiter('other', otherMaxRequests),
    };
  }

  async onModuleInit(): Promise<void> {
    if (this.redis === undefined || this.redis.status === 'ready') return;
    await once(this.redis, 'ready', { signal: AbortSignal.timeout(START_WAIT_MS) }).catch((error: unknown) => { this.degrade(error); });
  }

  /** Counts one request. Never throws for Redis: then this process counts. */
  async count(limitClass: RateLimitClass, scope: RateLimitScope, subject: string): Promise<Standing> {
    const limiter = this.limiters[limitClass];
    const key = `${scope}:${subject}`;
    const result = (await this.consumeShared(limiter, key)) ?? (await consume(limiter.local, key));
    if (!result.allowed) this.metrics?.rateLimited(limitClass);
    // One line for each window that overflows, however many requests do.
    if (result.consumedPoints === limiter.quota + 1) this.logger.warn({ code: 'rate_limited', reason: `${limitClass}-${scope}`, count: limiter.quota }, 'a rate limit was reached');
    return {
      allowed: result.allowed,
      policy: `${limitClass}-${scope}`,
      quota: limiter.quota,
      windowSeconds: this.windowSeconds,
      remaining: Math.max(0, result.remainingPoints),
      resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
    };
  }

  /** For health. */
  state(): RateLimitsState {
    return { store: this.redis === undefined ? 'memory' : 'redis', degraded: this.degradedSince !== null, degradedSince: this.degradedSince };
  }

  onApplicationShutdown(): void {
    this.ended = true;
    clearTimeout(this.probeTimer);
    this.redis?.disconnect();
  }

  private async consumeShared({ shared }: Limiter, key: string): Promise<Consumed | undefined> {
    if (shared === undefined || this.degradedSince !== null) return undefined;
    try {
      return await consume(shared, key);
    } catch (error) {
      this.degrade(error);
      return undefined;
    }
  }

  private limiter(limitClass: RateLimitClass, quota: number): Limiter {
    const options = { keyPrefix: `communique:rate:${limitClass}`, points: quota, duration: this.windowSeconds };
    return {
      quota,
      local: new RateLimiterMemory(options),
      // Who is over the quota is refused from memory until the window ends: a flood does not reach Redis.
      shared: this.redis === undefined ? undefined : new RateLimiterRedis({ ...options, storeClient: this.redis, rejectIfRedisNotReady: true, inMemoryBlockOnConsumed: quota + 1 }),
    };
  }

  private connect(url: string): Redis {
    const redis = new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 2000,
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      // After a failover the old primary may still answer, and refuse writes.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      retryStrategy: (attempt) => Math.min(100 * attempt, MAX_RECONNECT_DELAY_MS),
    });
    redis.on('error', (error: unknown) => { this.degrade(error); });
    return redis;
  }

  private degrade(error: unknown): void {
    if (this.degradedSince !== null || this.ended) return;
    this.degradedSince = new Date();
    this.logger.error({ err: error }, 'redis cannot be reached or does not answer: rate limits are counted in this process alone');
    this.probeLater();
  }

  private probeLater(): void {
    this.probeTimer = setTimeout(() => { void this.probe(); }, PROBE_INTERVAL_MS).unref();
  }

  /** By a write: a replica that answers reads is of no use here. */
  private async probe(): Promise<void> {
    try {
      await this.redis?.set('communique:rate:probe', '1', 'PX', 1000);
    } catch {
      if (!this.ended) this.probeLater();
      return;
    }
    this.degradedSince = null;
    this.logger.info({}, 'redis is back: rate limits are shared again');
  }
}

interface Consumed {
  readonly allowed: boolean;
  readonly remainingPoints: number;
  readonly consumedPoints: number;
  readonly msBeforeNext: number;
}

async function consume(limiter: RateLimiterAbstract, key: string): Promise<Consumed> {
  const of = ({ remainingPoints, consumedPoints, msBeforeNext }: RateLimiterRes, allowed: boolean) => ({ allowed, remainingPoints, consumedPoints, msBeforeNext });
  try {
    return of(await limiter.consume(key), true);
  } catch (error) {
    if (error instanceof RateLimiterRes) return of(error, false);
    throw error;
  }
}
