import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { MessageMetrics } from './message-metrics';

export interface QueueLoad {
  /** Messages that have not ended, counted to one past `admission.maxWaiting`. */
  readonly waiting: number;
  /** How long the longest due job has waited for a worker, in milliseconds; 0 if none waits. */
  readonly oldestMs: number;
}

/** The result of a check is fresh for so long. The next request after that starts another check, and does not wait for it. */
const FRESH_FOR_MS = 1000;
/** With a result this old, a request waits for the next check. */
const STALE_AFTER_MS = 5000;
const RETRY_AFTER_SECONDS = 10;
/** Spreads the retries of clients that were refused together. */
const RETRY_SPREAD_SECONDS = 10;

/**
 * Refuses new messages while the queue is too long or too slow, because a 503 now is better than a 202 that ends as `expired`. While
 * requests come, each process checks the queue about once a second. Between two checks the processes can together exceed a limit.
 */
@Injectable()
export class Admission {
  private last: { readonly load: QueueLoad; readonly atMs: number } | undefined;
  private checking: Promise<QueueLoad> | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'admission'>,
    private readonly database: Database,
    private readonly metrics: MessageMetrics,
  ) {}

  /**
   * @returns the problem that refuses a new message, or null if it is admitted. @throws ProblemError `database_unavailable` | `overloaded`
   */
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
    this.checking ??= this.check().finally(() => {
      this.checking = undefined;
    });
    if (last === undefined || ageMs >= STALE_AFTER_MS) return this.checking;
    // A failed check refuses no message. If the database is away, accepting the message will fail.
    this.checking.catch(() => undefined);
    return last.load;
  }

  private async check(): Promise<QueueLoad> {
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
