import type { RelayAnswer } from '@communique-tee/protocol';

/**
 * Final answers, so that a message relayed twice (a lost answer, a replaying parent) gets the same receipt again. Bounded, the
 * least recently used goes first: who comes later is answered from DeliveryMemory, with the same outcomes under a new signature.
 */
export class AnswerMemory {
  private readonly answers = new Map<string, RelayAnswer>();

  constructor(private readonly maxEntries: number) {}

  get(sealedSha256: string): RelayAnswer | undefined {
    const answer = this.answers.get(sealedSha256);
    if (answer) {
      this.answers.delete(sealedSha256);
      this.answers.set(sealedSha256, answer);
    }
    return answer;
  }

  keep(sealedSha256: string, answer: RelayAnswer): void {
    this.answers.set(sealedSha256, answer);
    if (this.answers.size <= this.maxEntries) return;
    const oldest = this.answers.keys().next();
    if (!oldest.done) this.answers.delete(oldest.value);
  }
}
