import { isProblemCode } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { DELIVERY_SECONDS, Metrics, OTHER } from '../../core/telemetry/metrics';
import type { Decision } from './decision';

@Injectable()
export class DeliveryMetrics {
  private readonly ended;
  private readonly retries;
  private readonly attemptSeconds;

  constructor(metrics: Metrics) {
    this.ended = metrics.counter('communique_messages_ended_total', 'Messages ended by this process.', ['status']);
    this.retries = metrics.counter('communique_delivery_retries_total', 'Attempts after which another one follows.', [
      'reason',
    ]);
    this.attemptSeconds = metrics.histogram(
      'communique_delivery_attempt_duration_seconds',
      'Seconds from the lease of a job until its result is stored.',
      ['outcome'],
      DELIVERY_SECONDS,
    );
  }

  /** Counts an attempt whose decision is stored. */
  attemptStored(decision: Decision, durationMs: number): void {
    if (decision.kind === 'end') this.ended.inc({ status: decision.status });
    else
      this.retries.inc({
        reason: decision.reason === 'office_unreachable' || isProblemCode(decision.reason) ? decision.reason : OTHER,
      });
    this.attemptSeconds.observe({ outcome: decision.kind === 'end' ? decision.status : 'retry' }, durationMs / 1000);
  }
}
