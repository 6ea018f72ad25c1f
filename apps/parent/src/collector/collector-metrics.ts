import { Counter, Gauge, Registry } from 'prom-client';

/**
 * What the collector did with a line. `event`: wrote it. `other`: only counted it, because it is not an event of the enclave. `rate`:
 * dropped it above the rate limit. `output`: dropped it because the collector's own output had no reader.
 */
export type LineOutcome = 'event' | 'other' | 'rate' | 'output';

export class CollectorMetrics {
  readonly registry = new Registry();
  readonly connections = new Gauge({
    name: 'communique_enclave_log_connections_open',
    help: 'Connections of the enclave to the log collector',
    registers: [this.registry],
  });
  readonly evicted = new Counter({
    name: 'communique_enclave_log_connections_evicted_total',
    help: 'Connections closed for a newer one',
    registers: [this.registry],
  });
  readonly bytes = new Counter({
    name: 'communique_enclave_log_bytes_total',
    help: 'Bytes received',
    registers: [this.registry],
  });
  readonly cut = new Counter({
    name: 'communique_enclave_log_lines_cut_total',
    help: 'Lines longer than 16 KiB',
    registers: [this.registry],
  });
  readonly droppedFields = new Counter({
    name: 'communique_enclave_log_fields_dropped_total',
    help: 'Fields that are not on the list',
    registers: [this.registry],
  });
  private readonly lines = new Counter({
    name: 'communique_enclave_log_lines_total',
    help: 'Lines received, by what became of them',
    labelNames: ['fate'],
    registers: [this.registry],
  });

  constructor() {
    for (const fate of ['event', 'other', 'rate', 'output'] as const) this.lines.labels(fate).inc(0);
  }

  line(fate: LineOutcome): void {
    this.lines.labels(fate).inc();
  }
}
