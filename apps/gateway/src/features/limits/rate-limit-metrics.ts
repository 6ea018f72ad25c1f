import { Injectable } from '@nestjs/common';
import { SharedRedis } from '../../core/redis/shared-redis';
import type { RateLimitClass } from '../../core/routing/rate-limit-class';
import { Metrics } from '../../core/telemetry/metrics';

const STORES = ['redis', 'memory'] as const;

@Injectable()
export class RateLimitMetrics {
  private readonly refusals;

  constructor(metrics: Metrics, redis: SharedRedis) {
    this.refusals = metrics.counter('communique_rate_limit_refusals_total', 'Requests refused by a rate limit.', [
      'class',
    ]);
    metrics.gauge(
      'communique_rate_limits_store',
      '1 for the store that counts rate limits now. With memory, this process counts only its own requests.',
      ['store'],
      (gauge) => {
        const { store, degraded } = redis.state();
        const used = degraded ? 'memory' : store;
        for (const each of STORES) gauge.set({ store: each }, each === used ? 1 : 0);
      },
    );
  }

  refused(limitClass: RateLimitClass): void {
    this.refusals.inc({ class: limitClass });
  }
}
