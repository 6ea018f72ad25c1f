import { Counter, Gauge, Registry } from 'prom-client';

export type Refusal = 'route_limit' | 'total_limit';
/** `to`: from the enclave to the destination; `from`: from the destination to the enclave. */
export type Direction = 'to' | 'from';

/** The metrics of one route. Every label comes from the configuration or a fixed list. */
export interface RouteMetrics {
  opened(): void;
  closed(reason: CloseReason): void;
  refused(why: Refusal): void;
  connectFailed(code: string): void;
  passed(direction: Direction, bytes: number): void;
}
/** `end`: both sides closed; `error`: one side broke; `idle`: no byte for too long; `drain`: cut at the end of a shutdown. */
export type CloseReason = 'end' | 'error' | 'idle' | 'drain';

export class EgressMetrics {
  readonly registry = new Registry();
  private readonly open = new Gauge({
    name: 'communique_egress_connections_open',
    help: 'Connections open now',
    labelNames: ['destination'],
    registers: [this.registry],
  });
  private readonly total = new Counter({
    name: 'communique_egress_connections_total',
    help: 'Connections accepted',
    labelNames: ['destination'],
    registers: [this.registry],
  });
  private readonly closes = new Counter({
    name: 'communique_egress_connections_closed_total',
    help: 'Connections closed, by reason',
    labelNames: ['destination', 'reason'],
    registers: [this.registry],
  });
  private readonly refusals = new Counter({
    name: 'communique_egress_connections_refused_total',
    help: 'Connections closed at once, by the limit that was reached',
    labelNames: ['destination', 'reason'],
    registers: [this.registry],
  });
  private readonly failures = new Counter({
    name: 'communique_egress_connect_errors_total',
    help: 'Destinations not reached, by code',
    labelNames: ['destination', 'code'],
    registers: [this.registry],
  });
  private readonly bytes = new Counter({
    name: 'communique_egress_bytes_total',
    help: 'Bytes carried',
    labelNames: ['destination', 'direction'],
    registers: [this.registry],
  });

  route(destination: string): RouteMetrics {
    const open = this.open.labels(destination);
    const total = this.total.labels(destination);
    const bytes = { to: this.bytes.labels(destination, 'to'), from: this.bytes.labels(destination, 'from') };
    open.set(0);
    for (const start of [total, bytes.to, bytes.from]) start.inc(0); // an alarm needs a series that exists from the start
    for (const why of ['route_limit', 'total_limit'] as const) this.refusals.labels(destination, why).inc(0);
    return {
      opened: () => {
        open.inc();
        total.inc();
      },
      closed: (reason) => {
        open.dec();
        this.closes.labels(destination, reason).inc();
      },
      refused: (why) => this.refusals.labels(destination, why).inc(),
      connectFailed: (code) => this.failures.labels(destination, code).inc(),
      passed: (direction, count) => bytes[direction].inc(count),
    };
  }
}
