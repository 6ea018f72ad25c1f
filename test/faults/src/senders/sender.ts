import {
  ClientError,
  fetchEnclaveKey,
  postMessage,
  prepareMessage,
  type EnclaveKey,
  type TrustPolicy,
} from '@communique-tee/client';
import { PROBLEMS, isProblemCode } from '@communique-tee/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { drawContent } from './content';
import type { Draw } from '@communique-tee/testing/harness';
import { RESIDENTS_OFFICES, type Residents } from './residents';
import type { SentMessage } from './sent-message';

/** How long an enclave's key is used before it is asked for again. */
const KEY_MS = 500;
const MAX_PAUSE_MS = 1000;

export interface SenderOptions {
  readonly gateways: readonly string[];
  readonly policy: TrustPolicy;
  readonly user: string;
  readonly token: string;
  /** Given up after this moment (performance.now). */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Who can prove residence; absent where proofs are not admitted. */
  readonly residents?: Residents | undefined;
  /** How much of the messages is proven, from 0 to 1. */
  readonly provenShare?: number;
}

/** A client as a person's browser would be: attests, seals, posts, and repeats the same bytes and key where it has no answer. */
export class Sender {
  private key: { readonly key: EnclaveKey; readonly atMs: number } | undefined;
  private turn = 0;

  constructor(private readonly options: SenderOptions) {}

  get user(): string {
    return this.options.user;
  }

  /** @param onSealed before its first byte goes out, so that the judge knows it however this ends */
  async send(draw: Draw, onSealed: (message: SentMessage) => void): Promise<void> {
    const shortLived = draw.chance(0.04);
    const { mark, content } = drawContent(draw);
    const { residents, provenShare = 0 } = this.options;
    if (residents !== undefined && draw.chance(provenShare)) {
      const ballot = residents.ballot(draw, mark);
      const second = draw.chance(0.3) ? { ...drawContent(draw), shortLived: false } : null;
      await Promise.all(
        [{ mark, content, shortLived }, second].map(async (drawn) => {
          if (drawn === null) return;
          const proven = { ...drawn.content, campaignId: mark, offices: [...RESIDENTS_OFFICES] };
          await this.sealAndPost({ ...drawn, content: proven, ballot }, draw, onSealed);
        }),
      );
      return;
    }
    await this.sealAndPost({ mark, content, shortLived, ballot: null }, draw, onSealed);
  }

  private async sealAndPost(
    drawn: Pick<SentMessage, 'mark' | 'content' | 'shortLived' | 'ballot'>,
    draw: Draw,
    onSealed: (message: SentMessage) => void,
  ): Promise<void> {
    const lifetimeSeconds = drawn.shortLived ? draw.whole(3, 15) : 24 * 3600;
    const key = await this.enclaveKey();
    if (key === null) return;
    const { content, ballot } = drawn;
    const prepared =
      ballot === null
        ? prepareMessage(content, key, { lifetimeSeconds })
        : await ballot.prepare(content, key, { lifetimeSeconds });
    const message: SentMessage = {
      ...drawn,
      id: prepared.id,
      user: ballot === null ? this.options.user : 'nobody',
      prepared: [prepared],
      accepted: 0,
      posts: 0,
      givenUp: null,
    };
    onSealed(message);
    await this.post(message);
  }

  /** For a message that ended as `key_retired`. */
  async sealAgain(message: SentMessage): Promise<void> {
    const key = await this.enclaveKey();
    if (key === null) return;
    const { content, ballot, id } = message;
    const statusSecret = message.prepared[0]?.proven?.statusSecret;
    message.prepared.push(
      await (ballot === null
        ? prepareMessage(content, key, { id })
        : ballot.prepare(content, key, { id, statusSecret })),
    );
    await this.post(message);
  }

  private async post(message: SentMessage): Promise<void> {
    const prepared = message.prepared.at(-1);
    if (prepared === undefined) throw new Error('nothing was sealed');
    message.givenUp = (
      await this.untilAnswered(async (gateway) => {
        message.posts++;
        const access = message.ballot === null ? { token: this.options.token } : {};
        await postMessage({ gateway, ...access }, prepared);
        message.accepted++;
      })
    ).givenUp;
  }

  private async enclaveKey(): Promise<EnclaveKey | null> {
    if (this.key !== undefined && performance.now() - this.key.atMs < KEY_MS) return this.key.key;
    const { answer } = await this.untilAnswered((gateway) => fetchEnclaveKey(gateway, this.options.policy));
    if (answer === undefined) return null;
    this.key = { key: answer, atMs: performance.now() };
    return answer;
  }

  private async untilAnswered<T>(
    ask: (gateway: string) => Promise<T>,
  ): Promise<{ answer?: T; givenUp: string | null }> {
    const { gateways, deadlineMs, signal } = this.options;
    for (let pauseMs = 50; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
      const gateway = gateways[this.turn++ % gateways.length] ?? '';
      try {
        return { answer: await ask(gateway), givenUp: null };
      } catch (error) {
        const code = finalCodeOf(error);
        if (code !== null) return { givenUp: code };
        if (performance.now() > deadlineMs || signal.aborted) return { givenUp: 'no_answer_in_time' };
      }
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** The code of an answer that will be the same again; null where it makes sense to ask again. */
function finalCodeOf(error: unknown): string | null {
  // fetch: the connection was refused, cut, or too slow
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) return null;
  if (!(error instanceof ClientError)) throw error;
  if (isProblemCode(error.problem))
    return PROBLEMS[error.problem].status >= 500 || error.problem === 'rate_limited' ? null : error.problem;
  return error.code;
}
