import { toHex } from '@communique-tee/protocol';
import type { SentMessage } from '../senders/sent-message';
import type { OpenedResult } from './open-results';
import type { DatabaseRecord, MessageRow } from './record';
import type { Violation } from './violation';

/**
 * Checks the nullifiers: at most one message of a person and campaign goes out, the nullifier of that message is kept, and the nullifier of
 * a message that never left the gateway is free again.
 */
export function judgeNullifiers(
  sent: ReadonlyMap<string, SentMessage>,
  { messages, nullifiers }: DatabaseRecord,
  results: ReadonlyMap<string, OpenedResult>,
  /** The ids of the messages of which Congress has a copy. */
  arrived: ReadonlySet<string>,
): Violation[] {
  const found: Violation[] = [];
  const rows = new Map(messages.map((row) => [row.id, row]));
  const used = new Set(nullifiers);
  const proven = [...sent.values()].filter(({ ballot }) => ballot !== null);
  const byNullifier = Map.groupBy(proven, nullifierOf);
  for (const [nullifier, rivals] of byNullifier) {
    const say = (rule: Violation['rule'], detail: string): unknown =>
      found.push({ rule, about: rivals.map(({ id }) => id).join(', '), detail });
    if (rivals.filter(({ id }) => arrived.has(id)).length > 1) say('two_of_one_person', 'both have copies at Congress');
    const states = rivals.flatMap(({ id }) => rows.get(id) ?? []);
    const holds = states.some((row) => mustKeep(row, results.get(row.id), arrived.has(row.id)));
    const detail = states.map(({ status, reason }) => `${status} (${reason ?? 'by its receipt'})`).join(', ');
    if (holds && !used.has(nullifier)) say('nullifier_lost', detail);
    if (!states.some((row) => mayKeep(row)) && used.has(nullifier)) say('nullifier_burnt', detail);
  }
  for (const nullifier of used)
    if (!byNullifier.has(nullifier)) found.push({ rule: 'nullifier_of_nobody', about: nullifier, detail: 'kept' });
  return found;
}

function nullifierOf({ prepared }: SentMessage): string {
  return toHex(prepared.at(-1)?.message.nullifier ?? new Uint8Array());
}

/** Whether the nullifier must be kept, because a copy was sent or may have been sent. */
function mustKeep({ status }: MessageRow, result: OpenedResult | undefined, arrived: boolean): boolean {
  const outcomes = result?.ok === true ? result.offices.map(({ outcome }) => outcome) : [];
  return (
    arrived ||
    status === 'unknown' ||
    status === 'delivered' ||
    outcomes.some((outcome) => outcome === 'accepted' || outcome === 'duplicate' || outcome === 'unknown')
  );
}

/** Whether the nullifier may be kept: a byte of the message may have left the gateway, or the message has not ended. */
function mayKeep({ relayed, endedAt }: MessageRow): boolean {
  return relayed !== false || endedAt === null;
}
