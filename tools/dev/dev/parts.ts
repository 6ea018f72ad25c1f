import type { LogLines, PartName } from './log-lines';

/** A running part. */
export interface RunningPart {
  /** Resolves when the part has ended, with a text about its end for a person. */
  readonly ended: Promise<string>;
  stop(): Promise<unknown>;
}

/**
 * The running parts, in the order of their start. When a part ends, this class reports the end, and the other parts continue. It starts the
 * part again when a source changes.
 */
export class Parts {
  private readonly starts = new Map<PartName, () => Promise<RunningPart>>();
  private readonly running = new Map<PartName, RunningPart>();
  private readonly ended = new Set<PartName>();
  private stopping = false;

  constructor(private readonly lines: LogLines) {}

  /** @throws the error of `start`; errors of later starts are only reported */
  async start(name: PartName, start: () => Promise<RunningPart>): Promise<void> {
    this.starts.set(name, start);
    this.watch(name, await start());
  }

  /** Call when a source has changed: starts the ended parts again. */
  changed(): void {
    for (const name of this.ended) {
      const start = this.starts.get(name);
      this.ended.delete(name);
      if (start === undefined || this.stopping) continue;
      this.lines.say(`${name} starts again`);
      start().then(
        (part) => {
          this.watch(name, part);
        },
        (error: unknown) => {
          this.lines.say(`${name} did not start: ${error instanceof Error ? error.message : String(error)}`);
          this.ended.add(name);
        },
      );
    }
  }

  /** Ends every part, the last one first. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const [, part] of [...this.running].reverse()) await part.stop();
  }

  private watch(name: PartName, part: RunningPart): void {
    this.running.set(name, part);
    if (this.stopping) void part.stop();
    void part.ended.then((how) => {
      if (this.running.get(name) === part) this.running.delete(name);
      if (this.stopping) return;
      this.ended.add(name);
      this.lines.say(`${name} ended (${how}); the others continue, and it starts again when a source changes`);
    });
  }
}
