import { Injectable } from '@nestjs/common';
import { Metrics } from '../../core/telemetry/metrics';

/** Why a new message is refused: too many messages have not ended, or a due one waits too long for a worker. */
const ADMISSION_REASONS = ['queue_length', 'queue_age'] as const;
export type AdmissionReason = (typeof ADMISSION_REASONS)[number];

@Injectable()
export class MessageMetrics {
  private readonly acceptances;
  private readonly refusals;

  constructor(metrics: Metrics) {
    this.acceptances = metrics.counter(
      'communique_messages_accepted_total',
      'Messages newly accepted by this process.',
    );
    this.refusals = metrics.counter(
      'communique_admission_refusals_total',
      'New messages refused by this process with `overloaded`.',
      ['reason'],
    );
    // Each series starts at zero, because a collector that computes differences would miss the first increase.
    for (const reason of ADMISSION_REASONS) this.refusals.inc({ reason }, 0);
  }

  accepted(): void {
    this.acceptances.inc();
  }

  refused(reason: AdmissionReason): void {
    this.refusals.inc({ reason });
  }
}
