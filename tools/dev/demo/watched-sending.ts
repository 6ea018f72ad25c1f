import { ClientError, type SendState, type Sending } from '@communique-tee/client';

/** Reads the states of a message on its way. */
export class WatchedSending {
  private readonly states: AsyncIterator<SendState>;

  constructor(sending: Sending) {
    this.states = sending[Symbol.asyncIterator]();
  }

  /** Waits for the next state of this step (and phase). @throws the error of the message if it fails; Error if it ends before that state */
  async until<Step extends SendState['step']>(
    step: Step,
    phase?: 'loading' | 'solving' | 'proving',
  ): Promise<Extract<SendState, { readonly step: Step }>> {
    for (;;) {
      const { done, value } = await this.states.next();
      if (done === true) throw new Error(`the message ended before “${step}”`);
      if (value.step !== step) continue;
      if (phase === undefined || ('phase' in value && value.phase === phase))
        return value as Extract<SendState, { readonly step: Step }>;
    }
  }

  /** Waits for the gateway's refusal. @throws Error if the gateway accepts the message, or refuses it for another reason */
  async refusal(problem: string): Promise<void> {
    try {
      await this.until('accepted');
    } catch (error) {
      if (error instanceof ClientError && error.problem === problem) return;
      throw error;
    }
    throw new Error(`the gateway accepted what it has to refuse as ${problem}`);
  }
}
