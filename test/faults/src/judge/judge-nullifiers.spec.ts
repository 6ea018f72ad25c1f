import type { MessageStatus, Outcome } from '@communique-tee/protocol';
import type { SentMessage } from '../senders/sent-message';
import { evidenceOf } from './evidence';
import { judge } from './judge';

const NULLIFIER = new Uint8Array(32).fill(7);
const HEX = '07'.repeat(32);

interface Case {
  readonly status?: MessageStatus;
  readonly outcomes?: readonly Outcome[] | null;
  /** The nullifiers that the table still has. */
  readonly kept?: readonly string[];
  /** Whether a second message of the same person and campaign was delivered as well. */
  readonly twice?: boolean;
  /** Whether a byte of the message may have left the gateway. */
  readonly relayed?: boolean;
}

/**
 * Judges one or two proven messages to two offices, and returns the broken rules. The ledger has no reservation for these messages; only
 * the system's windows contain their cost.
 */
function rulesOf({ status = 'delivered', outcomes, kept = [HEX], twice = false, relayed = true }: Case): string[] {
  const made = Array.from({ length: twice ? 2 : 1 }, () =>
    evidenceOf({
      status,
      ...(outcomes !== undefined && { outcomes }),
      ...(status !== 'delivered' && { reason: status }),
    }),
  );
  const proven = ({ message }: (typeof made)[number]): SentMessage => ({
    ...message,
    mark: message.mark,
    ballot: { prepare: () => Promise.reject(new Error('nothing is proven here')) },
    prepared: message.prepared.map((each) => ({ ...each, message: { ...each.message, nullifier: NULLIFIER } })),
  });
  const [first] = made;
  if (first === undefined) throw new Error('there is no message');
  const violations = judge({
    ...first.evidence,
    sent: new Map(made.map((each) => [each.message.id, proven(each)])),
    results: new Map(made.flatMap(({ evidence }) => [...evidence.results])),
    copies: made.flatMap(({ evidence }) => evidence.copies),
    database: {
      ...first.evidence.database,
      messages: made.map(({ row }) => ({ ...row, owner: null, acceptedSha256: [], relayed })),
      reservations: [],
      windows: first.windows.filter(({ scope }) => scope !== 'user_day'),
      nullifiers: kept,
    },
  });
  return [...new Set(violations.map(({ rule }) => rule))].sort();
}

describe('the judge of nullifiers finds nothing in', () => {
  it.each<[string, Case]>([
    ['a delivered message whose nullifier is kept', {}],
    [
      'a message that expired before it was opened, whose nullifier is free',
      { status: 'expired', outcomes: null, kept: [] },
    ],
    ['a message that expired after it was relayed, whose nullifier is kept', { status: 'expired', outcomes: null }],
    ['a message of a retired key, whose nullifier is free', { status: 'key_retired', outcomes: null, kept: [] }],
    ['a message that may have been sent, whose nullifier is kept', { status: 'unknown', outcomes: null }],
  ])('%s', (_what, given) => {
    expect(rulesOf(given)).toEqual([]);
  });
});

describe('the judge of nullifiers finds', () => {
  it.each<[string, Case, string]>([
    ['a delivered message whose nullifier is gone', { kept: [] }, 'nullifier_lost'],
    [
      'a message that may have been sent, whose nullifier is gone',
      { status: 'unknown', outcomes: null, kept: [] },
      'nullifier_lost',
    ],
    [
      'a nullifier that is kept although its message never left the gateway',
      { status: 'expired', outcomes: null, relayed: false },
      'nullifier_burnt',
    ],
    ['two delivered messages of one person', { twice: true }, 'two_of_one_person'],
    ['a nullifier that no message used', { kept: [HEX, '08'.repeat(32)] }, 'nullifier_of_nobody'],
  ])('%s', (_what, given, rule) => {
    expect(rulesOf(given)).toContain(rule);
  });
});
