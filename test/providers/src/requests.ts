import type { Counts } from './answers/answer';
import type { SimulatedProvider } from './models';

/** One request that reached a provider. */
export interface ProviderRequest {
  readonly provider: SimulatedProvider;
  /** `unknown`: no address of this provider. */
  readonly operation: 'generate' | 'models' | 'model' | 'unknown';
  readonly method: string;
  readonly path: string;
  /** Without the key. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body byte for byte, as UTF-8 text; empty until it was read. */
  body: string;
  model: string | null;
  /** `answered`, `refused <class>`, or the fault that struck; null while the request is being handled. */
  outcome: string | null;
  /** What the account is billed for; null if the provider bills nothing. */
  billed: Counts | null;
  /** ISO time of arrival. */
  readonly at: string;
}

const MAX_REQUESTS = 100_000;

/** What arrived at all providers, oldest first. */
export class RequestLog {
  private readonly requests: ProviderRequest[] = [];
  private waiting: { readonly enough: () => boolean; readonly done: () => void }[] = [];

  /** @throws Error when there is no room: a simulator that forgot would count calls wrongly. */
  add(request: ProviderRequest): void {
    if (this.requests.length >= MAX_REQUESTS) throw new Error(`the simulator holds ${MAX_REQUESTS} requests; clear it`);
    this.requests.push(request);
  }

  all(): ProviderRequest[] {
    return this.requests.map((request) => ({ ...request }));
  }

  /** Requests for text whose body was read: what a provider would have begun to work on. */
  calls(): number {
    return this.requests.filter(({ operation, body }) => operation === 'generate' && body !== '').length;
  }

  clear(): void {
    this.requests.length = 0;
  }

  /** Resolves when this many requests for text have been read since the start or the last `clear`. */
  async waitForCalls(count: number): Promise<void> {
    if (this.calls() >= count) return;
    await new Promise<void>((done) => this.waiting.push({ enough: () => this.calls() >= count, done }));
  }

  /** Wakes those who wait. */
  changed(): void {
    this.waiting = this.waiting.filter(({ enough, done }) => {
      if (!enough()) return true;
      done();
      return false;
    });
  }
}
