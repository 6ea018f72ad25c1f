import type { ChildProcess } from 'node:child_process';

/**
 * Ctrl-C and SIGTERM. The terminal sends Ctrl-C to the programs that this one started as well, so they are only waited for; a second one
 * is theirs too (Pulumi then stops at once). SIGTERM reaches only this process, which passes it on.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #running = new Set<ChildProcess>();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @returns a function that stops listening */
  listen(from: NodeJS.Process = process): () => void {
    const interrupt = (): void => {
      this.interrupt();
    };
    const terminate = (): void => {
      for (const child of this.#running) child.kill('SIGTERM');
      this.interrupt();
    };
    from.on('SIGINT', interrupt).on('SIGTERM', terminate);
    return () => {
      from.off('SIGINT', interrupt).off('SIGTERM', terminate);
    };
  }

  /** Whether a program runs that handles Ctrl-C itself. */
  get isWaiting(): boolean {
    return this.#running.size > 0;
  }

  interrupt(): void {
    this.#controller.abort();
  }

  /** Registers a running program to pass SIGTERM on to. @returns a function that removes it */
  tell(child: ChildProcess): () => void {
    this.#running.add(child);
    return () => this.#running.delete(child);
  }
}
