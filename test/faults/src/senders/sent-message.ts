import type { PreparedMessage } from '@communique-tee/client';
import type { CongressMessage } from '@communique-tee/protocol';
import type { Ballot } from './residents';

/** What a sender knows of a message. Its texts stay in here: nothing of them is printed. */
export interface SentMessage {
  readonly id: string;
  readonly mark: string;
  /** The user whose token it is posted with; a proven message is posted without a token. */
  readonly user: string;
  readonly content: CongressMessage;
  /** Each sealing of it, the latest last. */
  readonly prepared: PreparedMessage[];
  /** How many of them the gateway answered with 202. */
  accepted: number;
  /** Whether it was given so little time that it may expire. */
  readonly shortLived: boolean;
  posts: number;
  /** Proves residence for it; null if it is sent with a token. */
  readonly ballot: Ballot | null;
  /** Why it was given up, as a code; null while it was not. */
  givenUp: string | null;
}
