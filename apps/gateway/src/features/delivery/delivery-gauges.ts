import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { Metrics, sharedReading } from '../../core/telemetry/metrics';
import { DeliveryWorker } from './delivery-worker';

interface QueueReading {
  readonly jobs: number;
  readonly due: number;
  readonly leased: number;
  readonly oldestDueSeconds: number;
}

/**
 * Gauges of the whole queue, and of this process's attempts at each enclave. Every gateway reads the same queue from the database, so
 * aggregate the gauges of the queue with max. These are absent while the database is unreachable.
 */
@Injectable()
export class DeliveryGauges {
  constructor(metrics: Metrics, database: Database, worker: DeliveryWorker) {
    const queue = sharedReading(() => readQueue(database));
    metrics.readingGauge('communique_queue_jobs', 'Messages that have not ended.', queue, ({ jobs }) => jobs);
    metrics.readingGauge('communique_queue_due_jobs', 'Due jobs that no worker has.', queue, ({ due }) => due);
    metrics.readingGauge(
      'communique_queue_leased_jobs',
      'Jobs under a lease that has not run out.',
      queue,
      ({ leased }) => leased,
    );
    metrics.readingGauge(
      'communique_queue_oldest_due_seconds',
      'How long the longest overdue job has been due without a worker; 0 if none is.',
      queue,
      ({ oldestDueSeconds }) => oldestDueSeconds,
    );
    metrics.gauge(
      'communique_relay_limit_attempts',
      'The most attempts that this process now runs at the enclave at once.',
      ['enclave'],
      (gauge) => {
        for (const [index, { limit }] of worker.paces().entries()) gauge.set({ enclave: String(index) }, limit);
      },
    );
    metrics.gauge(
      'communique_relay_under_way_attempts',
      'Attempts of this process that now run at the enclave.',
      ['enclave'],
      (gauge) => {
        for (const [index, { underWay }] of worker.paces().entries()) gauge.set({ enclave: String(index) }, underWay);
      },
    );
  }
}

async function readQueue(database: Database): Promise<QueueReading> {
  const [queue] = await database.read(
    (client) => client.$queryRaw<[QueueReading]>`
      SELECT count(*)::int AS jobs,
             (count(*) FILTER (WHERE is_due))::int AS due,
             (count(*) FILTER (WHERE lease_until > now()))::int AS leased,
             coalesce(extract(epoch FROM now() - min(next_attempt_at) FILTER (WHERE is_due)), 0)::float8 AS "oldestDueSeconds"
      FROM (SELECT *, next_attempt_at <= now() AND (lease_until IS NULL OR lease_until <= now()) AS is_due FROM delivery_job) AS job`,
  );
  return queue;
}
