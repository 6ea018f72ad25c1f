import type { Provider } from '@communique-tee/protocol';

/**
 * Counts the running tasks. If several providers are configured, the tasks of one provider take less than half of the places (but may take
 * one). So if there are at least three places, two providers that hang leave one for a third.
 */
export class RunningTasks {
  private readonly ofProvider = new Map<Provider, number>();
  private readonly maxOfProvider: number;

  /**
   * @param max how many tasks may run at the same time; at least 1
   * @param providers how many providers are configured
   */
  constructor(
    private readonly max: number,
    providers: number,
  ) {
    this.maxOfProvider = providers < 2 ? max : Math.max(1, Math.floor((max - 1) / 2));
  }

  hasRoom(provider: Provider): boolean {
    let all = 0;
    for (const count of this.ofProvider.values()) all += count;
    return all < this.max && this.of(provider) < this.maxOfProvider;
  }

  begin(provider: Provider): void {
    this.ofProvider.set(provider, this.of(provider) + 1);
  }

  end(provider: Provider): void {
    this.ofProvider.set(provider, this.of(provider) - 1);
  }

  private of(provider: Provider): number {
    return this.ofProvider.get(provider) ?? 0;
  }
}
