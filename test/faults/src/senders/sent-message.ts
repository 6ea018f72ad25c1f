import type { PreparedMessage } from '@communique-tee/client';
import type { CongressMessage } from '@communique-tee/protocol';
import type { Ballot } from './residents';

/** What a sender knows about a message. The message's texts are never printed. */
export interface SentMessage {
  readonly id: string;
  readonly mark: string;
  /** The user whose token posts the message. A proven message is posted without a token. */
  readonly user: string;
  readonly content: CongressMessage;
  /** Every sealed form of the message, the latest last. */
  readonly prepared: PreparedMessage[];
  /** How many of the sealed forms the gateway answered with 202. */
  accepted: number;
  /** Whether the lifetime is so short that the message may expire. */
  readonly shortLived: boolean;
  posts: number;
  /** The person and campaign of the proof; null if the message is sent with a token. */
  readonly ballot: Ballot | null;
  /** Why the sender gave up the message, as a code; null if the sender did not give up. */
  givenUp: string | null;
}
