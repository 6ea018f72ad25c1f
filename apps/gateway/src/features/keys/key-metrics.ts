import { Injectable } from '@nestjs/common';
import { Metrics, OTHER } from '../../core/telemetry/metrics';
import { AttestationMonitor } from '../attestation/attestation-monitor';

const KMS_FAILURES: ReadonlySet<string> = new Set([
  'kms_unreachable',
  'kms_timeout',
  'kms_denied',
  'kms_throttled',
  'kms_failed',
  'kms_answer_invalid',
  'kms_credentials',
  'kms_key_unusable',
  'kms_ciphertext_invalid',
  'kms_clock',
  'nsm_failed',
]);
const KEY_REFUSALS: ReadonlySet<string> = new Set([
  'malformed',
  'revoked',
  'other_custody',
  'other_image',
  'times_invalid',
  'too_old',
  'maker_refused',
  'tampered',
  ...KMS_FAILURES,
]);
const PROPOSALS: ReadonlySet<string> = new Set([
  'stored',
  'known',
  'epoch_taken',
  'too_many',
  'malformed',
  'other_custody',
  'other_image',
  'times_invalid',
  'maker_refused',
]);
const KEY_STATES = ['unknown', 'waiting', 'ready'] as const;

/** Metrics of key exchanges. A code that is not in the sets above counts as `other`. */
@Injectable()
export class KeyMetrics {
  private readonly proposals;
  private readonly refusals;
  private readonly kmsFailures;

  constructor(metrics: Metrics) {
    this.proposals = metrics.counter(
      'communique_enclave_key_proposals_total',
      'Sealed keys that enclaves asked this process to store, by outcome.',
      ['outcome'],
    );
    this.refusals = metrics.counter(
      'communique_enclave_keys_refused_total',
      'Sealed keys that an enclave refused. A refusal that the enclave keeps reporting counts once.',
      ['code'],
    );
    this.kmsFailures = metrics.counter(
      'communique_enclave_kms_failures_total',
      'Key exchanges in which an enclave reported that KMS failed.',
      ['code'],
    );
  }

  proposed(outcome: string): void {
    this.proposals.inc({ outcome: PROPOSALS.has(outcome) ? outcome : OTHER });
  }

  refused(code: string): void {
    this.refusals.inc({ code: KEY_REFUSALS.has(code) ? code : OTHER });
  }

  kmsFailed(code: string): void {
    this.kmsFailures.inc({ code: KMS_FAILURES.has(code) ? code : OTHER });
  }
}

/** Gauges of each enclave's keys. The label `enclave` is the enclave's index in the configuration. */
@Injectable()
export class KeyGauges {
  constructor(metrics: Metrics, { enclaves }: AttestationMonitor) {
    metrics.gauge(
      'communique_enclave_keys_state',
      '1 for the state that the enclave last reported. In the state waiting it takes no messages yet.',
      ['enclave', 'state'],
      (gauge) => {
        for (const monitor of enclaves) {
          const reported = monitor.keys()?.state ?? 'unknown';
          for (const state of KEY_STATES)
            gauge.set({ enclave: String(monitor.index), state }, state === reported ? 1 : 0);
        }
      },
    );
    metrics.gauge(
      'communique_enclave_keys_held',
      'Keys with which the enclave can open messages; absent until the enclave reports them.',
      ['enclave'],
      (gauge) => {
        gauge.reset();
        for (const monitor of enclaves) {
          const held = monitor.keys()?.held;
          if (held) gauge.set({ enclave: String(monitor.index) }, held.length);
        }
      },
    );
    metrics.gauge(
      'communique_enclave_key_age_seconds',
      'Seconds since the record of the current key was stored; absent without a current key.',
      ['enclave'],
      (gauge) => {
        gauge.reset();
        for (const monitor of enclaves) {
          const since = monitor.keys()?.currentSince;
          if (since) gauge.set({ enclave: String(monitor.index) }, Math.max(0, (Date.now() - since.getTime()) / 1000));
        }
      },
    );
  }
}
