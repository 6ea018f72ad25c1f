import { bestRule, guessBy, NOTHING, type Measurements } from '../../../testing/best-rule';
import type { WatchedConnection } from './watched-provider';

/** What a parent that relays tasks can do and observe. */
export interface TaskActions {
  /** Relays sealed bytes as the gateway does. */
  relay(bytes: Uint8Array): Promise<{ headers: string; body: Uint8Array }>;
  connections(): readonly WatchedConnection[];
  /** Everything that the enclave wrote so far. */
  output(): string;
}

/**
 * This attacker has the powers of the parent, and wants to know which of two tasks was sealed. The attacker measures everything visible,
 * learns from tasks of its own which measurement best separates the two, and guesses by that measurement.
 */
export class TaskOracle {
  private readonly learned: [Measurements[], Measurements[]] = [[], []];

  constructor(
    private readonly powers: TaskActions,
    private readonly seal: (which: 0 | 1) => Uint8Array,
  ) {}

  async learn(tasks: number): Promise<void> {
    for (let n = 0; n < tasks; n++)
      for (const which of [0, 1] as const) this.learned[which].push(await this.watch(this.seal(which)));
  }

  async guess(bytes: Uint8Array): Promise<0 | 1> {
    return guessBy(bestRule(this.learned), await this.watch(bytes));
  }

  private async watch(bytes: Uint8Array): Promise<Measurements> {
    const { powers } = this;
    const before = [powers.connections().length, powers.output().length] as const;
    const fromMs = performance.now();
    const { headers, body } = await powers.relay(bytes);
    const tookMs = performance.now() - fromMs;
    const connections = powers.connections().slice(before[0]);
    const [first] = connections;
    return [
      tookMs,
      bytes.length,
      headers.length,
      body.length,
      powers.output().length - before[1],
      connections.length,
      first === undefined ? NOTHING : first.openedMs - fromMs,
      first?.sentBytes ?? NOTHING,
      first?.records.length ?? NOTHING,
      ...Array.from({ length: 8 }, (_, at) => first?.records[at] ?? NOTHING),
    ];
  }
}
