import { isEnded, toHex, type MessageStatus, type Outcome } from '@communique-tee/protocol';
import { REFUSING_OFFICE } from '@communique-tee/test-system';
import type { SentMessage } from '../senders/sent-message';
import type { OpenedResult } from './open-results';
import type { MessageRow } from './record';
import type { Violation } from './violation';

/**
 * Compares one message's row with what its sender knows.
 * @param resealed true if the senders have already sealed again every message that ended as key_retired
 */
export function judgeMessage(
  message: SentMessage,
  row: MessageRow | undefined,
  result: OpenedResult | undefined,
  resealed: boolean,
): Violation[] {
  const found: Violation[] = [];
  const say = (rule: Violation['rule'], detail: string) => found.push({ rule, about: message.id, detail });
  if (row === undefined) {
    if (message.accepted > 0) say('lost', 'answered with 202, and not in the database');
    return found;
  }
  const { status, reason } = row;
  const state = `${status}${reason === null ? '' : ` (${reason})`}`;
  if (!isEnded(status) || row.endedAt === null) {
    say('not_ended', state);
    return found;
  }
  const sealings = new Set(message.prepared.map(({ sealedSha256 }) => toHex(sealedSha256)));
  if (!sealings.has(row.sealedSha256) || row.acceptedSha256.some((sha256) => !sealings.has(sha256)))
    say('bytes_not_sealed_by_sender', state);

  // Each acceptance leads to one end. Only a message that ended as key_retired can be accepted again.
  const early = row.ends.slice(0, -1);
  // For a proven message the database keeps no record of acceptances.
  const acceptances = message.ballot === null ? row.acceptedSha256.length : row.ends.length;
  if (row.ends.length !== acceptances || row.ends.at(-1) !== status || early.some((end) => end !== 'key_retired'))
    say('ended_more_than_once', `accepted ${String(row.acceptedSha256.length)} times, ended as ${row.ends.join(', ')}`);
  // already_sent: the sender was told that another message of the same person took the place of this one.
  if (status === 'key_retired' && resealed && message.givenUp !== 'already_sent')
    say('key_retired_again', 'nothing was restarted since it was sealed again');
  if (status === 'expired' && row.endedAt < row.expiresAt) say('expired_early', state);

  if (result?.ok === false) say('receipt_does_not_verify', `${state}: ${result.code}`);
  if (
    result === undefined &&
    (status === 'delivered' || status === 'partially_delivered' || (status === 'refused' && reason === null))
  )
    say('receipt_missing', state);
  if (result?.ok !== true) return found;
  const outcomes = result.offices.map(({ outcome }) => outcome);
  if (
    [...message.content.offices].sort().join() !==
    result.offices
      .map(({ office }) => office)
      .sort()
      .join()
  )
    say('status_contradicts_receipt', `${state}: other offices`);
  if (!fits(status, reason, outcomes)) say('status_contradicts_receipt', `${state}: ${outcomes.join(', ')}`);
  for (const { office, outcome } of result.offices) {
    if (outcome === 'refused' && office !== REFUSING_OFFICE)
      say('refused_without_reason', `${state}: ${office} refuses nothing`);
  }
  return found;
}

/** Whether the outcomes fit the status (libs/protocol/src/messages/message-view.ts). */
function fits(status: MessageStatus, reason: string | null, outcomes: readonly Outcome[]): boolean {
  const arrived = outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate').length;
  const has = (outcome: Outcome) => outcomes.includes(outcome);
  const final = reason === null;
  if (final && has('pending')) return false;
  switch (status) {
    case 'delivered':
      return final && arrived === outcomes.length;
    case 'partially_delivered':
      return arrived > 0 && arrived < outcomes.length && !has('unknown');
    case 'refused':
      return arrived === 0 && !has('unknown');
    case 'unknown':
      return !final || has('unknown');
    case 'expired':
      return !final && !has('unknown');
    case 'key_retired':
      return !final && arrived === 0 && !has('unknown');
    default:
      return false;
  }
}
