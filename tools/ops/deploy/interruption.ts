import type { ChildProcess } from 'node:child_process';

/**
 * Ctrl-C and SIGTERM. The terminal also sends Ctrl-C to the programs that this process started, so this class only waits for them. They
 * get a second Ctrl-C too, at which Pulumi stops at once. SIGTERM reaches only this process, which passes it on.
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

  /** Registers a running program, which then gets SIGTERM passed on. @returns a function that unregisters it */
  tell(child: ChildProcess): () => void {
    this.#running.add(child);
    return () => this.#running.delete(child);
  }
}
