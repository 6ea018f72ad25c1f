import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HEALTH_REASONS, type EnclaveHealth, type HealthReason } from '@communique-tee/protocol';
import { EnclaveClients } from './enclave-clients';

const ASK_EVERY_MS = 15_000;
/**
 * How long a report is used. It is longer than ASK_EVERY_MS, so that a few failed requests do not interrupt metrics and their alarms.
 */
const GOOD_FOR_MS = 60_000;

/**
 * What each enclave reports about itself. The gateway asks regularly, so that metrics and readiness need not wait for an enclave. The
 * reports are not signed, so they do not decide what the gateway relays or refuses.
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

  /** @param index the enclave's place in the configuration @returns its last report; null if that is a minute old or older */
  of(index: number): EnclaveHealth | null {
    const last = this.last.get(index);
    return last !== undefined && performance.now() - last.atMs < GOOD_FOR_MS ? last.health : null;
  }

  /** All enclaves' reports, in the order of the configuration. */
  all(): (EnclaveHealth | null)[] {
    return this.clients.all.map((_client, index) => this.of(index));
  }

  /** Asks all enclaves now. If requests are already running, waits for those. */
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

/** The reasons of a report that this gateway knows, in the order of HEALTH_REASONS. */
export function reasonsOf({ reasons }: Pick<EnclaveHealth, 'reasons'>): HealthReason[] {
  return HEALTH_REASONS.filter((reason) => reasons.includes(reason));
}
