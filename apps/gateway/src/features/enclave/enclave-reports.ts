import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HEALTH_REASONS, type EnclaveHealth, type HealthReason } from '@communique-tee/protocol';
import { EnclaveClients } from './enclave-clients';

const ASK_EVERY_MS = 15_000;
/**
 * How long a report is used. If a request fails, the previous report stays in use, so that one slow answer does not interrupt metrics and
 * their alarms.
 */
const GOOD_FOR_MS = 60_000;

/**
 * What each enclave reports about itself, requested at a fixed interval so that metrics and readiness need not wait for an enclave. The
 * reports are not signed, so they decide neither what is relayed nor what is refused.
 */
@Injectable()
export class EnclaveReports implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly last = new Map<number, { readonly health: EnclaveHealth; readonly atMs: number }>();
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private asking: Promise<void> | undefined;

  constructor(private readonly clients: EnclaveClients) {}

  onApplicationBootstrap(): void {
    void this.askNow();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.asking;
  }

  /**
   * The last readable report, by the enclave's place in the configuration; null if there was none within a minute.
   */
  of(index: number): EnclaveHealth | null {
    const last = this.last.get(index);
    return last !== undefined && performance.now() - last.atMs < GOOD_FOR_MS ? last.health : null;
  }

  /** The reports of all configured enclaves, in the order of the configuration. */
  all(): (EnclaveHealth | null)[] {
    return this.clients.all.map((_client, index) => this.of(index));
  }

  /** Asks all enclaves now, or waits for the requests that are under way. */
  askNow(): Promise<void> {
    if (this.stopping.signal.aborted) return Promise.resolve();
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    const { signal } = this.stopping;
    await Promise.all(
      this.clients.all.map(async (client, index) => {
        const result = await client.health({ signal });
        if (result.kind === 'answer') this.last.set(index, { health: result.answer, atMs: performance.now() });
      }),
    );
    if (!signal.aborted) this.timer = setTimeout(() => void this.askNow(), ASK_EVERY_MS).unref();
  }
}

/** The reasons of a report that this gateway knows, in the report's order. */
export function reasonsOf({ reasons }: Pick<EnclaveHealth, 'reasons'>): HealthReason[] {
  return HEALTH_REASONS.filter((reason) => reasons.includes(reason));
}
