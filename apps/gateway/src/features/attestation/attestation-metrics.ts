import { Injectable } from '@nestjs/common';
import { Metrics } from '../../core/telemetry/metrics';
import { AttestationMonitor, type MonitorState } from './attestation-monitor';

const STATES = [
  'off',
  'starting',
  'waiting',
  'verified',
  'refused',
  'unreachable',
] as const satisfies readonly MonitorState['kind'][];

/** Metrics of each enclave, which is named by its place in the configuration, never by its address. */
@Injectable()
export class AttestationMetrics {
  constructor(metrics: Metrics, { enclaves }: AttestationMonitor) {
    metrics.gauge(
      'communique_attestation_state',
      '1 for the state after the last attestation check of the enclave.',
      ['enclave', 'state'],
      (gauge) => {
        for (const monitor of enclaves) {
          const { kind } = monitor.state();
          for (const state of STATES) gauge.set({ enclave: String(monitor.index), state }, state === kind ? 1 : 0);
        }
      },
    );
    metrics.gauge(
      'communique_attestation_trusted',
      '1 while messages may be relayed to the enclave.',
      ['enclave'],
      (gauge) => {
        for (const monitor of enclaves) gauge.set({ enclave: String(monitor.index) }, monitor.isTrusted() ? 1 : 0);
      },
    );
    metrics.gauge(
      'communique_attestation_age_seconds',
      'Seconds since the last attestation check of the enclave; absent before the first.',
      ['enclave'],
      (gauge) => {
        for (const monitor of enclaves) {
          const state = monitor.state();
          if ('ageMs' in state) gauge.set({ enclave: String(monitor.index) }, state.ageMs / 1000);
        }
      },
    );
  }
}
