import type { SendState } from './api';

/** A log of states that any number of readers read, each from the first state on. */
export class States {
  private readonly all: SendState[] = [];
  private over = false;
  private failure: { readonly error: unknown } | undefined;
  private wake: (() => void)[] = [];

  add(state: SendState): void {
    this.all.push(state);
    this.rouse();
  }

  end(failure?: { readonly error: unknown }): void {
    this.over = true;
    this.failure = failure;
    this.rouse();
  }

  async *read(): AsyncGenerator<SendState, void> {
    for (let at = 0; ;) {
      const state = this.all[at];
      if (state !== undefined) {
        at++;
        yield state;
      } else if (this.over) {
        if (this.failure !== undefined) throw this.failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => this.wake.push(resolve));
      }
    }
  }

  private rouse(): void {
    for (const wake of this.wake.splice(0)) wake();
  }
}
