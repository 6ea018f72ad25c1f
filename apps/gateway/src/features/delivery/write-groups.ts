import { ProblemError } from '../../core/problems/problem-error';

/** The most writes in one statement. */
const MAX_WRITES = 64;
/** The most groups at once. With two, the second can commit while the first waits for a lock. */
const MAX_UNDER_WAY = 2;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes for several attempts in one statement, and so in one commit. A group has the writes of one turn of the event loop, and those that
 * came while earlier groups were committed. Each caller gets its result after the commit.
 */
export class WriteGroups<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private underWay = 0;
  private isDue = false;

  /** @param write commits all items or none, and returns results in their order */
  constructor(private readonly write: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  /** @throws what `write` throws */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.beginSoon();
    });
  }

  private beginSoon(): void {
    if (this.isDue) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      this.begin();
    });
  }

  private begin(): void {
    if (this.underWay >= MAX_UNDER_WAY || this.waiting.length === 0) return;
    const group = this.waiting.splice(0, MAX_WRITES);
    this.underWay++;
    void this.commit(group).finally(() => {
      this.underWay--;
      this.begin();
    });
    this.begin();
  }

  private async commit(group: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.write(group.map(({ item }) => item));
      for (const [at, { resolve }] of group.entries()) resolve(results[at] as Result);
    } catch (error) {
      // Probably one item caused an unexpected error. Each item is written separately, so that the others succeed.
      if (group.length > 1 && !(error instanceof ProblemError)) for (const one of group) await this.commit([one]);
      else for (const { reject } of group) reject(error);
    }
  }
}
