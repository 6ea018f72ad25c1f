import {
  CONNECTION_ENDS,
  ENCLAVE_DESTINATIONS,
  type ConnectionEnd,
  type ConnectionReport,
  type EnclaveDestination,
} from '@communique-tee/protocol';

/** A fixed interval, so that the moment of a publication reveals nothing about a message. */
export const PUBLISH_EVERY_MS = 5 * 60_000;
/**
 * How long a destination stays in `certificatesRefused` after its last refused certificate. By default a pending copy is retried at least
 * every hour, so the destination stays listed between two tries.
 */
export const REFUSED_FOR_MS = 2 * 60 * 60_000;

type Counts = Record<ConnectionEnd, number>;

/**
 * Counts how connections ended, per destination. A connection is counted when TLS is up, or when connecting or TLS has failed. No byte of
 * a request was sent by then, so no content of a request or an answer can change a count. The parent carries every connection and can
 * count the same ends itself.
 */
export class ConnectionCounts {
  private readonly running = zeros();
  private publishedTotals = zeros();
  /** For each destination, on the monotonic clock: the end of the last interval with refused certificates and no successful connection. */
  private readonly refusedAtMs = new Map<EnclaveDestination, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly monotonicMs: () => number = () => performance.now()) {}

  count(destination: EnclaveDestination, end: ConnectionEnd): void {
    this.running[destination][end]++;
  }

  /** Publishes every `everyMs` until `stop`. */
  start(everyMs: number): void {
    this.timer = setInterval(() => this.publish(), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The last published counts, unchanged until the next publication. */
  published(): ConnectionReport {
    return { totals: structuredClone(this.publishedTotals), certificatesRefused: [...this.refusedAtMs.keys()] };
  }

  /** Ends the interval, and publishes the totals up to now. */
  publish(): void {
    for (const destination of ENCLAVE_DESTINATIONS) {
      const ended = difference(this.running[destination], this.publishedTotals[destination]);
      this.noteRefusals(destination, ended);
    }
    this.publishedTotals = structuredClone(this.running);
  }

  /** Lists a destination if its certificates were refused in an interval without a successful connection. */
  private noteRefusals(destination: EnclaveDestination, ended: Counts): void {
    const nowMs = this.monotonicMs();
    const refusedAtMs = this.refusedAtMs.get(destination);
    if (ended.connected > 0) this.refusedAtMs.delete(destination);
    else if (ended.certificate_refused > 0) this.refusedAtMs.set(destination, nowMs);
    else if (refusedAtMs !== undefined && nowMs - refusedAtMs >= REFUSED_FOR_MS) this.refusedAtMs.delete(destination);
  }
}

function zeros(): Record<EnclaveDestination, Counts> {
  const none = () => Object.fromEntries(CONNECTION_ENDS.map((end) => [end, 0])) as Counts;
  return Object.fromEntries(ENCLAVE_DESTINATIONS.map((each) => [each, none()])) as Record<EnclaveDestination, Counts>;
}

function difference(now: Counts, before: Counts): Counts {
  return Object.fromEntries(CONNECTION_ENDS.map((end) => [end, now[end] - before[end]])) as Counts;
}
