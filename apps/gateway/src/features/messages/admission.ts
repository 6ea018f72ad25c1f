import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { MessageMetrics } from './message-metrics';

export interface QueueLoad {
  /** Messages that have not ended, counted to one past `admission.maxWaiting`. */
  readonly waiting: number;
  /** How long the longest due job has been waiting for a worker, in milliseconds; 0 where none is. */
  readonly oldestMs: number;
}

/** A look is good for so long, and is renewed behind the back of whoever asks. */
const FRESH_FOR_MS = 1000;
/** One so old says nothing any more: whoever asks waits for the next. */
const STALE_AFTER_MS = 5000;
const RETRY_AFTER_SECONDS = 10;
/** So that those who were turned away together do not come back together. */
const RETRY_SPREAD_SECONDS = 10;

/**
 * Turns new messages away while the queue is too long or too slow, before they wait in vain: a 503 now is worth more than a 202
 * that ends as `expired`. Each process looks for itself about once a second while it is asked, over two indexes, counting no
 * further than the limit; so a limit may be passed by what all processes accept within a second.
 */
@Injectable()
export class Admission {
  private last: { readonly load: QueueLoad; readonly atMs: number } | undefined;
  private looking: Promise<QueueLoad> | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'admission'>,
    private readonly database: Database,
    private readonly metrics: MessageMetrics,
  ) {}

  /** @returns what to answer a new message with, or null where it may come. @throws ProblemError `database_unavailable` | `overloaded` */
  async refusal(): Promise<ProblemError | null> {
    const { maxWaiting, maxAgeMs } = this.config.admission;
    const { waiting, oldestMs } = await this.load();
    if (waiting <= maxWaiting && oldestMs <= maxAgeMs) return null;
    this.metrics.refused(waiting > maxWaiting ? 'queue_length' : 'queue_age');
    return new ProblemError('overloaded', {
      retryAfterSeconds: RETRY_AFTER_SECONDS + Math.floor(Math.random() * (RETRY_SPREAD_SECONDS + 1)),
    });
  }

  private async load(): Promise<QueueLoad> {
    const { last } = this;
    const ageMs = last === undefined ? Infinity : performance.now() - last.atMs;
    if (last !== undefined && ageMs < FRESH_FOR_MS) return last.load;
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
    if (last === undefined || ageMs >= STALE_AFTER_MS) return this.looking;
    // A look that fails is not what decides about a message: its acceptance will meet the same database.
    this.looking.catch(() => undefined);
    return last.load;
  }

  private async look(): Promise<QueueLoad> {
    const { maxWaiting } = this.config.admission;
    const [load] = await this.database.read(
      (client) => client.$queryRaw<[QueueLoad]>`
      SELECT (SELECT count(*) FROM (SELECT FROM delivery_job LIMIT ${maxWaiting}::int + 1) AS jobs)::int AS waiting,
             coalesce((SELECT extract(epoch FROM now() - next_attempt_at) * 1000 FROM delivery_job
                       WHERE next_attempt_at <= now() AND (lease_until IS NULL OR lease_until <= now())
                       ORDER BY next_attempt_at LIMIT 1), 0)::float8 AS "oldestMs"`,
    );
    this.last = { load, atMs: performance.now() };
    return load;
  }
}
