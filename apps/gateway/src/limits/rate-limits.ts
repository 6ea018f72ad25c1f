import { once } from 'node:events';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { ProblemError } from '../http/problem-error';
import { Logger } from '../observability/logger';
import type { RateLimitClass } from './rate-limit-class';

export interface RateLimitsState {
  /** Where counts are kept by configuration. */
  readonly store: 'redis' | 'memory';
  /** Redis is configured and cannot be reached: each process counts alone until it is back. */
  readonly degraded: boolean;
  readonly degradedSince: Date | null;
}

const COMMAND_TIMEOUT_MS = 500;
const MAX_RECONNECT_DELAY_MS = 2000;
/** How long the start waits for Redis; it goes on without. */
const START_WAIT_MS = 2000;

/** Fixed windows, counted in Redis for all processes together. Without Redis a window is counted in this process: the caps on money do not depend on it. */
@Injectable()
export class RateLimits implements OnModuleInit, OnApplicationShutdown {
  private readonly redis: Redis | undefined;
  private readonly shared = new Map<RateLimitClass, RateLimiterAbstract>();
  private readonly local = new Map<RateLimitClass, RateLimiterAbstract>();
  private degradedSince: Date | null = null;

  constructor(
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
    private readonly logger: Logger,
  ) {
    const { windowMs, maxRequests, attestationMaxRequests } = config.rateLimits;
    if (config.redis !== undefined) this.redis = this.connect(config.redis.url);
    for (const [limitClass, points] of [['api', maxRequests], ['attestation', attestationMaxRequests]] as const) {
      const options = { keyPrefix: `communique:rate:${limitClass}`, points, duration: windowMs / 1000 };
      this.local.set(limitClass, new RateLimiterMemory(options));
      if (this.redis !== undefined) this.shared.set(limitClass, new RateLimiterRedis({ ...options, storeClient: this.redis, rejectIfRedisNotReady: true }));
    }
  }

  async onModuleInit(): Promise<void> {
    if (this.redis === undefined || this.redis.status === 'ready') return;
    await once(this.redis, 'ready', { signal: AbortSignal.timeout(START_WAIT_MS) }).catch((error: unknown) => { this.degrade(error); });
  }

  /** Counts one request. @throws ProblemError `rate_limited` with Retry-After */
  async consume(limitClass: RateLimitClass, key: string): Promise<void> {
    const shared = this.shared.get(limitClass);
    if (shared !== undefined) {
      try {
        await shared.consume(key);
        this.recovered();
        return;
      } catch (error) {
        if (error instanceof RateLimiterRes) throw limited(error);
        this.degrade(error);
      }
    }
    try {
      await this.local.get(limitClass)?.consume(key);
    } catch (error) {
      throw error instanceof RateLimiterRes ? limited(error) : error;
    }
  }

  /** For health. */
  state(): RateLimitsState {
    return { store: this.redis === undefined ? 'memory' : 'redis', degraded: this.degradedSince !== null, degradedSince: this.degradedSince };
  }

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }

  private connect(url: string): Redis {
    const redis = new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 2000,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(100 * attempt, MAX_RECONNECT_DELAY_MS),
    });
    redis.on('error', (error: unknown) => { this.degrade(error); });
    redis.on('ready', () => { this.recovered(); });
    return redis;
  }

  private degrade(error: unknown): void {
    if (this.degradedSince !== null) return;
    this.degradedSince = new Date();
    this.logger.error({ err: error }, 'redis cannot be reached: rate limits are counted in this process alone');
  }

  private recovered(): void {
    if (this.degradedSince === null) return;
    this.degradedSince = null;
    this.logger.info({}, 'redis is back: rate limits are shared again');
  }
}

function limited(result: RateLimiterRes): ProblemError {
  return new ProblemError('rate_limited', { retryAfterSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)) });
}
