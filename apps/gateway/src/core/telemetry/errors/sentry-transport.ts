import { createEventEnvelope, createTransport, type Event } from '@sentry/core';
import { sendBlocking } from './send-blocking';

/** The most requests that run at once. Further reports are dropped. */
const MAX_IN_FLIGHT = 8;
const TIMEOUT_MS = 5000;
const CLIENT = { name: 'communique-gateway', version: '1' } as const;

export interface SentryTarget {
  /** `https://<host>/api/<project>/envelope/` */
  readonly endpoint: string;
  readonly publicKey: string;
}
export type SentOutcome = 'sent' | 'failed' | 'dropped';
type Body = string | Uint8Array;

/**
 * Sends complete events by the transport of Sentry's library, which obeys Retry-After, 429 and X-Sentry-Rate-Limits. Does not use the
 * library's client, because the client adds data to events (scopes, breadcrumbs, sessions).
 */
export class SentryTransport {
  private readonly inFlight = new Set<Body>();
  private readonly stopped = new AbortController();
  private readonly transport;
  private readonly headers: Readonly<Record<string, string>>;
  /** While this is set, `request` adds bodies to it instead of sending them. */
  private gathered: Body[] | undefined;

  /** @param heard called with the outcome of each event given to `send`; `failed` also if `close` aborted it */
  constructor(
    private readonly target: SentryTarget,
    private readonly heard: (outcome: SentOutcome) => void,
  ) {
    const client = `${CLIENT.name}/${CLIENT.version}`;
    this.headers = {
      'content-type': 'application/x-sentry-envelope',
      'x-sentry-auth': `Sentry sentry_version=7, sentry_client=${client}, sentry_key=${target.publicKey}`,
    };
    this.transport = createTransport(
      // One slot more than MAX_IN_FLIGHT, for a crash report.
      {
        bufferSize: MAX_IN_FLIGHT + 1,
        recordDroppedEvent: (reason) => {
          if (reason === 'ratelimit_backoff' || reason === 'queue_overflow') this.heard('dropped');
        },
      },
      ({ body }) => this.request(body),
    );
  }

  /** Never throws. */
  send(event: Event): void {
    if (this.stopped.signal.aborted || this.inFlight.size >= MAX_IN_FLIGHT) this.heard('dropped');
    else this.enqueue(event);
  }

  /**
   * For a process that ends now: sends these events, and sends unfinished ones again (Sentry keeps one of two events with the same id).
   * Blocks the thread until all are sent, at most `timeoutMs`.
   */
  sendBlocking(events: readonly Event[], timeoutMs: number): void {
    this.gathered = [...this.inFlight];
    for (const event of events) this.enqueue(event);
    const { gathered } = this;
    this.gathered = undefined;
    if (gathered.length > 0)
      sendBlocking({ endpoint: this.target.endpoint, headers: this.headers, bodies: gathered, timeoutMs });
  }

  /** Waits for unfinished reports, at most this long, and aborts the rest. */
  async close(timeoutMs: number): Promise<void> {
    await this.transport.flush(timeoutMs);
    this.stopped.abort();
  }

  private enqueue(event: Event): void {
    const envelope = createEventEnvelope(event, undefined, { sdk: { ...CLIENT, settings: { infer_ip: 'never' } } });
    // A failure was already reported to `heard`.
    Promise.resolve(this.transport.send(envelope)).catch(() => undefined);
  }

  private async request(body: Body): Promise<{
    statusCode: number;
    headers?: { 'x-sentry-rate-limits': string | null; 'retry-after': string | null };
  }> {
    if (this.gathered !== undefined) {
      this.gathered.push(body);
      return { statusCode: 200 };
    }
    this.inFlight.add(body);
    try {
      const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(this.target.endpoint, {
        method: 'POST',
        headers: this.headers,
        body: typeof body === 'string' ? body : new Uint8Array(body),
        redirect: 'error',
        signal,
      });
      await response.body?.cancel();
      this.heard(response.ok ? 'sent' : 'failed');
      return {
        statusCode: response.status,
        headers: {
          'x-sentry-rate-limits': response.headers.get('x-sentry-rate-limits'),
          'retry-after': response.headers.get('retry-after'),
        },
      };
    } catch (error) {
      this.heard('failed');
      throw error;
    } finally {
      this.inFlight.delete(body);
    }
  }
}
