import { postMessage, prepareMessage } from '@communique-tee/client';
import type { RetryingClient } from '@communique-tee/test-system';
import { setTimeout as sleep } from 'node:timers/promises';
import { exampleMessage } from '../../demo/example-message';
import type { PostedMessage } from './judge-day';

/** How many posts may be under way at once. A post that is repeated for lack of an answer is still under way. */
const SENDERS = 128;

/** The offices of each message. */
export const OFFICES: readonly string[] = exampleMessage().offices;
/** Matches the mark that identifies a message's copies. */
export const MARK = /day-[0-9]+/;

export interface Sending {
  readonly client: RetryingClient;
  /** One token for each user. */
  readonly tokens: readonly string[];
  /** When each message is due, milliseconds after `startMs`. */
  readonly dueMs: Float64Array;
  /** Unix milliseconds. */
  readonly startMs: number;
  readonly onAccepted: () => void;
}

/** Seals each message when it is due, and posts it to one gateway after the other until one answers. */
export async function sendDay({ client, tokens, dueMs, startMs, onAccepted }: Sending): Promise<PostedMessage[]> {
  const posted: PostedMessage[] = [];
  let next = 0;
  const sendInTurn = async (): Promise<void> => {
    while (next < dueMs.length) {
      const number = next++;
      const dueAtMs = startMs + (dueMs[number] ?? 0);
      await sleep(Math.max(0, dueAtMs - Date.now()));
      const key = await client.enclaveKey();
      if (key === null) throw new Error('the client got no key from an enclave');
      const mark = `day-${String(number).padStart(6, '0')}`;
      const content = exampleMessage();
      const prepared = prepareMessage({ ...content, message: { ...content.message, subject: mark } }, key);
      const token = tokens[number % tokens.length] ?? '';
      const { givenUp } = await client.untilAnswered((gateway) => postMessage({ gateway, token }, prepared));
      posted.push({ id: prepared.id, mark, dueAtMs, accepted: givenUp === null });
      if (givenUp === null) onAccepted();
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sendInTurn));
  return posted;
}
