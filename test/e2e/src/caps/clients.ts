import { DEFAULT_SUITE, encodeSealedMessage, messageIdToText } from '@communique-tee/protocol';
import { propertyOf } from '@communique-tee/testing/harness';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

const CLIENTS = 48;
const USERS_AT_ONCE = 3;
const REFUSALS = new Set([
  'user_daily_limit_reached',
  'fair_share_reached',
  'system_hourly_limit_reached',
  'system_daily_limit_reached',
  'emergency_stop',
]);

interface Post {
  readonly id: string;
  readonly body: Uint8Array;
  readonly user: string;
}

/** Many clients that post messages, and repeat the same bytes at another gateway if they got no clear answer. */
export class Clients {
  readonly accepted = new Set<string>();
  readonly refused = new Map<string, number>();
  /** How often each unclear answer came. After such an answer the client tried another gateway. */
  readonly repeated = new Map<string, number>();
  posts = 0;
  private closed = false;
  /** Posts that were refused in the end, after an earlier try with an unknown outcome. */
  private readonly doubtful: Post[] = [];
  private readonly pools: readonly Pool[];
  private readonly tokens = new Map<string, Promise<string>>();

  constructor(
    gateways: readonly string[],
    private readonly tokenFor: (user: string) => Promise<string>,
    /** After this many posts the clients post for other users, who have spent nothing yet. */
    private readonly postsByTheSame: number,
  ) {
    this.pools = gateways.map((url) => new Pool(url, { connections: CLIENTS, pipelining: 1, headersTimeout: 20_000 }));
  }

  /** Posts from all clients until `ends` is done. */
  async postWhile(name: string, ends: Promise<unknown>): Promise<void> {
    let going = true;
    const from = this.posts;
    const stop = ends.finally(() => {
      going = false;
    });
    await Promise.all([
      stop,
      ...Array.from({ length: CLIENTS }, async () => {
        while (going && !this.closed) {
          const n = this.posts++;
          const group = Math.floor((n - from) / this.postsByTheSame);
          await this.post(sealed(`${name} ${String(group * USERS_AT_ONCE + (n % USERS_AT_ONCE))}`));
        }
      }),
    ]);
  }

  /** Posts the messages with an unknown outcome once more. The gateway answers 202 for one that it has, even if the caps are full. */
  async clearDoubts(): Promise<void> {
    for (const post of this.doubtful.splice(0)) await this.post(post);
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.pools.map((pool) => pool.destroy()));
  }

  private async post(post: Post): Promise<void> {
    let doubt = false;
    for (let turn = Math.floor(Math.random() * this.pools.length); !this.closed; turn++) {
      const answer = await this.ask(this.pools[turn % this.pools.length], post);
      if (answer === 'accepted') {
        this.accepted.add(post.id);
        return;
      }
      if (answer !== null && REFUSALS.has(answer)) {
        this.refused.set(answer, (this.refused.get(answer) ?? 0) + 1);
        if (doubt) this.doubtful.push(post);
        return;
      }
      this.repeated.set(answer ?? 'no answer', (this.repeated.get(answer ?? 'no answer') ?? 0) + 1);
      doubt = true;
      await sleep(20 + Math.random() * 50);
    }
  }

  /** @returns `accepted`, a problem's code, or null if the connection broke */
  private async ask(pool: Pool | undefined, { body, user, id }: Post): Promise<string | null> {
    try {
      const token = await this.token(user);
      const { statusCode, body: answer } =
        (await pool?.request({
          path: '/api/messages',
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/cbor' },
          body,
        })) ?? {};
      const read = (await answer?.json()) as { id?: string; code?: string };
      if (statusCode !== 202) return read.code ?? null;
      if (read.id !== id) throw new Error('answered for another message');
      return 'accepted';
    } catch (error) {
      if (propertyOf(error, 'code') !== undefined) return null; // the connection broke
      throw error;
    }
  }

  private token(user: string): Promise<string> {
    const known = this.tokens.get(user) ?? this.tokenFor(user);
    this.tokens.set(user, known);
    return known;
  }
}

/** Returns a well-formed message whose content cannot be opened. No enclave runs, so that does not matter. */
function sealed(user: string): Post {
  const messageId = new Uint8Array(randomBytes(16));
  const message = {
    suite: DEFAULT_SUITE,
    keyId: new Uint8Array(16),
    messageId,
    expiresAtSeconds: Math.floor(Date.now() / 1000) + 3600,
    nullifier: null,
    encapsulatedKey: new Uint8Array(32),
    nonce: new Uint8Array(24),
    ciphertext: new Uint8Array(1024 + 16),
  };
  return { id: messageIdToText(messageId), body: encodeSealedMessage(message), user };
}
