import { Injectable } from '@nestjs/common';
import { CONNECTION_ENDS, ENCLAVE_DESTINATIONS } from '@communique-tee/protocol';
import { Metrics } from '../../core/telemetry/metrics';
import { EnclaveReports } from './enclave-reports';

/**
 * Metrics of the enclaves' own reports. Each enclave is named by its place in the configuration; an enclave that has not answered for a
 * minute has no series.
 */
@Injectable()
export class EnclaveReportMetrics {
  constructor(metrics: Metrics, reports: EnclaveReports) {
    const known = () =>
      reports.all().flatMap((health, index) => (health === null ? [] : [{ enclave: String(index), ...health }]));
    metrics.gauge(
      'communique_enclave_clock_drift_seconds',
      "Attested time minus the clock of the enclave's machine; negative where the machine is ahead.",
      ['enclave'],
      (gauge) => {
        gauge.reset();
        for (const { enclave, clockDriftMs } of known()) gauge.set({ enclave }, clockDriftMs / 1000);
      },
    );
    metrics.gauge(
      'communique_enclave_clock_error_seconds',
      "The absolute difference between attested time and the clock of the enclave's machine, for alarms.",
      ['enclave'],
      (gauge) => {
        gauge.reset();
        for (const { enclave, clockDriftMs } of known()) gauge.set({ enclave }, Math.abs(clockDriftMs) / 1000);
      },
    );
    metrics.gauge(
      'communique_enclave_certificates_refused',
      '1 while the enclave refuses every certificate of the destination.',
      ['enclave', 'destination'],
      (gauge) => {
        gauge.reset();
        for (const { enclave, connections } of known())
          for (const destination of ENCLAVE_DESTINATIONS)
            gauge.set({ enclave, destination }, connections.certificatesRefused.includes(destination) ? 1 : 0);
      },
    );
    metrics.readCounter(
      'communique_enclave_connections_total',
      'Connections that the enclave tried, by how they ended before a request was sent; published every five minutes.',
      ['enclave', 'destination', 'outcome'],
      (counter) => {
        for (const { enclave, connections } of known())
          for (const destination of ENCLAVE_DESTINATIONS)
            for (const outcome of CONNECTION_ENDS)
              counter.inc({ enclave, destination, outcome }, connections.totals[destination][outcome]);
      },
    );
  }
}
