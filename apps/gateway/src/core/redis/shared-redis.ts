import { once } from 'node:events';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { Logger } from '../telemetry/logger';
import { withoutRequestId } from '../telemetry/request-context';
import { probeDecisionScript } from './decision-script';

export interface SharedRedisState {
  /** The configured place where requests are counted. */
  readonly store: 'redis' | 'memory';
  /** True while Redis is configured but does not answer. Meanwhile each process counts by itself. */
  readonly degraded: boolean;
  readonly degradedSince: Date | null;
}

/**
 * How long Redis has to answer one command. A request that queues behind an unanswered command may wait twice as long. After that, requests
 * skip Redis until it answers a probe.
 */
const COMMAND_TIMEOUT_MS = 150;
/** A connection on which nothing arrives for this long is replaced. */
const SOCKET_TIMEOUT_MS = 2000;
const PROBE_INTERVAL_MS = 250;
const MAX_RECONNECT_DELAY_MS = 2000;
/** How long the start waits for Redis before it continues without Redis. */
const START_WAIT_MS = 2000;

/** This process's one connection to Redis. */
@Injectable()
export class SharedRedis implements OnModuleInit, OnApplicationShutdown {
  private readonly redis: Redis | undefined;
  private degradedSince: Date | null = null;
  private probeTimer: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(
    @Inject(GATEWAY_CONFIG) { redis }: Pick<GatewayConfig, 'redis'>,
    private readonly logger: Logger,
  ) {
    if (redis !== undefined) this.redis = this.connect(redis.url);
  }

  async onModuleInit(): Promise<void> {
    if (this.redis === undefined || this.redis.status === 'ready') return;
    await once(this.redis, 'ready', { signal: AbortSignal.timeout(START_WAIT_MS) }).catch((error: unknown) => {
      this.degrade(error);
    });
  }

  get usable(): boolean {
    return this.redis !== undefined && this.degradedSince === null && !this.ended;
  }

  /** @returns undefined if no Redis is configured, or Redis does not answer or reports an error; never throws */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (this.redis === undefined || !this.usable) return undefined;
    try {
      return await question(this.redis);
    } catch (error) {
      this.degrade(error);
      return undefined;
    }
  }

  state(): SharedRedisState {
    return {
      store: this.redis === undefined ? 'memory' : 'redis',
      degraded: this.degradedSince !== null,
      degradedSince: this.degradedSince,
    };
  }

  onApplicationShutdown(): void {
    this.ended = true;
    clearTimeout(this.probeTimer);
    this.redis?.disconnect();
  }

  private connect(url: string): Redis {
    const redis = new Redis(url, {
      enableOfflineQueue: false,
      // Commands of one turn of the event loop are sent together.
      enableAutoPipelining: true,
      maxRetriesPerRequest: 0,
      connectTimeout: 2000,
      // ioredis starts this timer even for a connection that has ended, and a long timer would keep the process alive.
      disconnectTimeout: 100,
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      // Connect again when Redis refuses writes: after a failover the connection may still lead to the old primary.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      retryStrategy: (attempt) => Math.min(100 * attempt, MAX_RECONNECT_DELAY_MS),
    });
    redis.on('error', (error: unknown) => {
      this.degrade(error);
    });
    return redis;
  }

  private degrade(error: unknown): void {
    if (this.degradedSince !== null || this.ended) return;
    this.degradedSince = new Date();
    this.logger.error(
      { err: error, code: refusalOf(error) },
      'redis cannot be reached or does not answer: rate limits are counted in this process alone',
    );
    this.probeLater();
  }

  private probeLater(): void {
    // Log lines of the probe must not carry the id of the request that met the outage.
    this.probeTimer = withoutRequestId(() =>
      setTimeout(() => {
        void this.probe();
      }, PROBE_INTERVAL_MS).unref(),
    );
  }

  /** Probes with the decision script, because a Redis may answer PING and still refuse scripts or writes. */
  private async probe(): Promise<void> {
    try {
      if (this.redis !== undefined) await probeDecisionScript(this.redis);
    } catch {
      if (!this.ended) this.probeLater();
      return;
    }
    this.degradedSince = null;
    this.logger.info({}, 'redis is back: rate limits are shared again');
  }
}

/**
 * The error word of Redis's answer (NOAUTH, NOPERM, OOM, READONLY, CROSSSLOT ...), or undefined if Redis did not
 * answer.
 */
function refusalOf(error: unknown): string | undefined {
  return error instanceof Error && error.name === 'ReplyError'
    ? /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0]
    : undefined;
}
