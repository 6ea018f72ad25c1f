import { Injectable } from '@nestjs/common';
import { Metrics, sharedReading } from '../telemetry/metrics';
import { Database } from './database';

@Injectable()
export class DatabaseMetrics {
  constructor(metrics: Metrics, database: Database) {
    const answers = sharedReading(() => database.read((client) => client.$queryRaw`SELECT 1`));
    metrics.gauge(
      'communique_database_up',
      'Whether the database answered when metrics were read.',
      [],
      async (gauge) => {
        gauge.set((await answers()) === null ? 0 : 1);
      },
    );
    metrics.gauge(
      'communique_database_pool',
      'Connections of this process, and requests that wait for one.',
      ['state'],
      (gauge) => {
        const { idleCount, totalCount, waitingCount } = database.pool;
        gauge.set({ state: 'idle' }, idleCount);
        gauge.set({ state: 'used' }, totalCount - idleCount);
        gauge.set({ state: 'waiting' }, waitingCount);
      },
    );
  }
}
