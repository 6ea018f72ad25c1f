import type { Counts } from './answers/answer';
import type { SimulatedProvider } from './models';

/** One request that reached a provider. */
export interface ProviderRequest {
  readonly provider: SimulatedProvider;
  /** `unknown`: the provider has no such address. */
  readonly operation: 'generate' | 'models' | 'model' | 'unknown';
  readonly method: string;
  readonly path: string;
  /** The headers, without the API key. */
  readonly headers: Readonly<Record<string, string>>;
  /** The unchanged body, as UTF-8 text; empty until it was read. */
  body: string;
  model: string | null;
  /** `answered`, `refused <class>`, or the fault that struck; null until the simulator has decided how to answer. */
  outcome: string | null;
  /** The tokens for which the account is billed; null if the provider bills nothing. */
  billed: Counts | null;
  /** The time of arrival, as ISO 8601. */
  readonly at: string;
}

const MAX_REQUESTS = 100_000;

/** The requests to all providers, oldest first. */
export class RequestLog {
  private readonly requests: ProviderRequest[] = [];
  private waiting: { readonly enough: () => boolean; readonly done: () => void }[] = [];

  /** @throws Error if the log is full, because a simulator that dropped requests would count calls wrongly */
  add(request: ProviderRequest): void {
    if (this.requests.length >= MAX_REQUESTS) throw new Error(`the simulator holds ${MAX_REQUESTS} requests; clear it`);
    this.requests.push(request);
  }

  all(): ProviderRequest[] {
    return this.requests.map((request) => ({ ...request }));
  }

  /** Returns how many requests for text were read. */
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

  /** Wakes the callers of `waitForCalls`. */
  changed(): void {
    this.waiting = this.waiting.filter(({ enough, done }) => {
      if (!enough()) return true;
      done();
      return false;
    });
  }
}
