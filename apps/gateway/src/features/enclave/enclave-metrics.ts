import { Injectable } from '@nestjs/common';
import { DELIVERY_SECONDS, Metrics } from '../../core/telemetry/metrics';
import type { EnclaveResult } from './enclave-result';

/** The kinds of requests that the gateway makes to an enclave. */
export type EnclaveStep = 'health' | 'attestation' | 'configuration' | 'relay' | 'keys' | 'agents';

@Injectable()
export class EnclaveMetrics {
  private readonly seconds;

  constructor(metrics: Metrics) {
    this.seconds = metrics.histogram(
      'communique_enclave_request_duration_seconds',
      'Requests to the enclave.',
      ['step', 'outcome'],
      DELIVERY_SECONDS,
    );
  }

  asked(step: EnclaveStep, outcome: EnclaveResult<unknown>['kind'], durationMs: number): void {
    this.seconds.observe({ step, outcome }, durationMs / 1000);
  }
}
