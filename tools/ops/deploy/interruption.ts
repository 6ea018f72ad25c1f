import type { ChildProcess } from 'node:child_process';

/**
 * Handles Ctrl-C and SIGTERM. The terminal sends each Ctrl-C also to the programs that this process started, so this class does not forward
 * it. At a second Ctrl-C, Pulumi stops at once. SIGTERM reaches only this process, which forwards it to those programs.
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

  /** Whether a started program is still running. It handles Ctrl-C itself. */
  get isWaiting(): boolean {
    return this.#running.size > 0;
  }

  interrupt(): void {
    this.#controller.abort();
  }

  /** Registers a running program, to which SIGTERM is forwarded. @returns a function that unregisters it */
  tell(child: ChildProcess): () => void {
    this.#running.add(child);
    return () => this.#running.delete(child);
  }
}
