import { postMessage, prepareMessage } from '@communique-tee/client';
import { drawContent } from './content';
import type { Draw } from '@communique-tee/testing/harness';
import { RESIDENTS_OFFICES, type Residents } from './residents';
import type { SentMessage } from './sent-message';
import { RetryingClient, type ClientOptions } from '@communique-tee/test-system';

export interface SenderOptions extends ClientOptions {
  readonly user: string;
  readonly token: string;
  /** The people who can prove residence; absent if the run has no proofs. */
  readonly residents?: Residents | undefined;
  /** The share of messages with a proof, from 0 to 1. */
  readonly provenShare?: number;
}

/**
 * A client that acts like a person's browser: it verifies the enclave, seals, posts, and repeats the same bytes under the same idempotency
 * key if it gets no answer.
 */
export class Sender {
  private readonly client: RetryingClient;

  constructor(private readonly options: SenderOptions) {
    this.client = new RetryingClient(options);
  }

  get user(): string {
    return this.options.user;
  }

  /** @param onSealed called before the first byte of the message is sent, so that the judge knows the message even if `send` throws */
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
    const key = await this.client.enclaveKey();
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

  /** Reseals and posts a message that ended as `key_retired`. */
  async sealAgain(message: SentMessage): Promise<void> {
    const key = await this.client.enclaveKey();
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
      await this.client.untilAnswered(async (gateway) => {
        message.posts++;
        const access = message.ballot === null ? { token: this.options.token } : {};
        await postMessage({ gateway, ...access }, prepared);
        message.accepted++;
      })
    ).givenUp;
  }
}
