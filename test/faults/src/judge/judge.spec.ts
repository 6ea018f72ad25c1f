import { judge, type Evidence } from './judge';
import { copyFor, evidenceOf, type Case } from './evidence';

const rulesIn = (evidence: Evidence) => [...new Set(judge(evidence).map(({ rule }) => rule))].sort();
const rulesOf = (given: Case) => rulesIn(evidenceOf(given).evidence);

describe('the judge finds nothing in', () => {
  it.each<[string, Case]>([
    ['a delivered message', {}],
    ['a message whose second attempt was answered as a duplicate', { outcomes: ['accepted', 'duplicate'] }],
    [
      'a message without an answer, of which one office has a copy',
      { status: 'unknown', reason: 'key_retired', outcomes: null, copies: [1, 0], deduplicates: false },
    ],
    [
      'a message without an answer, of which no office has a copy',
      { status: 'unknown', reason: 'key_retired', outcomes: null },
    ],
    [
      'a message whose receipt says "unknown"',
      { status: 'unknown', outcomes: ['accepted', 'unknown'], copies: [1, 1], deduplicates: false },
    ],
    [
      'a message with a copy that a second enclave withheld',
      {
        status: 'unknown',
        reason: 'may_have_been_sent',
        outcomes: ['accepted', 'pending'],
        copies: [1, 1],
        deduplicates: false,
      },
    ],
    ['a message of a retired key', { status: 'key_retired', reason: 'key_retired', outcomes: null }],
    [
      'a message that expired while its office, which recognizes ids, was asked',
      { status: 'expired', reason: 'message_expired', outcomes: ['accepted', 'pending'], copies: [1, 1] },
    ],
  ])('%s', (_what, given) => {
    expect(judge(evidenceOf(given).evidence)).toEqual([]);
  });
});

describe('the judge finds', () => {
  it.each<[string, Case, string[]]>([
    ['a second copy', { copies: [2, 1] }, ['duplicate']],
    [
      'a second copy of a message without an answer',
      { status: 'unknown', reason: 'key_retired', outcomes: null, copies: [0, 2] },
      ['duplicate'],
    ],
    ['a missing copy', { copies: [1, 0] }, ['copy_missing']],
    [
      'a copy at an office whose outcome is "refused"',
      { status: 'partially_delivered', outcomes: ['accepted', 'refused'], copies: [1, 1] },
      ['copy_not_in_receipt', 'refused_without_reason'],
    ],
    [
      'a copy of a message whose status says that it was never opened',
      { status: 'key_retired', reason: 'key_retired', outcomes: null, copies: [1, 0] },
      ['copy_not_in_receipt'],
    ],
    [
      'a copy at an office that does not recognize ids and whose outcome is "pending"',
      {
        status: 'expired',
        reason: 'message_expired',
        outcomes: ['accepted', 'pending'],
        copies: [1, 1],
        deduplicates: false,
      },
      ['copy_not_in_receipt'],
    ],
    [
      'a status that the receipt contradicts',
      { status: 'delivered', outcomes: ['accepted', 'unknown'] },
      ['status_contradicts_receipt'],
    ],
    [
      'a delivered message without a receipt',
      { outcomes: null, copies: [1, 1] },
      ['copy_not_in_receipt', 'receipt_missing'],
    ],
    [
      'a message that was sealed again and ended as key_retired again',
      { status: 'key_retired', reason: 'key_retired', outcomes: null, resealed: true },
      ['key_retired_again'],
    ],
    [
      'a message that ended as key_retired although its key was sealed under KMS',
      { status: 'key_retired', reason: 'key_retired', outcomes: null, keysSealed: true },
      ['key_lost'],
    ],
    [
      'a message that ended as unknown because its key was retired, although the key was sealed under KMS',
      { status: 'unknown', reason: 'key_retired', outcomes: null, keysSealed: true },
      ['key_lost'],
    ],
    ['a message that still waits', { status: 'queued' }, ['not_ended']],
  ])('%s', (_what, given, rules) => {
    expect(rulesOf(given)).toEqual(rules);
  });

  const changed = (change: (found: ReturnType<typeof evidenceOf>) => Partial<Evidence>): string[] => {
    const made = evidenceOf();
    return rulesIn({ ...made.evidence, ...change(made) });
  };
  const database = (change: (found: ReturnType<typeof evidenceOf>) => Partial<Evidence['database']>) =>
    changed((made) => ({ database: { ...made.evidence.database, ...change(made) } }));

  it('a 202 whose message is not in the database', () => {
    expect(
      changed(({ evidence }) => ({
        results: new Map(),
        database: { ...evidence.database, messages: [], reservations: [], windows: [] },
      })),
    ).toEqual(['copy_not_in_receipt', 'lost']);
  });

  it('two ends, a remaining job, bytes that the sender did not seal, and a message that no sender sent', () => {
    expect(database(({ row }) => ({ messages: [{ ...row, ends: ['unknown', 'delivered'] }] }))).toEqual([
      'ended_more_than_once',
    ]);
    expect(database(({ row }) => ({ jobs: [row.id] }))).toEqual(['job_left']);
    expect(database(({ row }) => ({ messages: [{ ...row, acceptedSha256: ['00'.repeat(32)] }] }))).toEqual([
      'bytes_not_sealed_by_sender',
    ]);
    expect(changed(() => ({ sent: new Map() }))).toEqual(['copy_of_nobody', 'unasked_row']);
  });

  it('a receipt that does not verify', () => {
    expect(
      changed(({ row }) => ({ results: new Map([[row.id, { ok: false, code: 'ERR_RECEIPT_SIGNATURE' }]]) })),
    ).toEqual(['copy_not_in_receipt', 'receipt_does_not_verify']);
  });

  it('copies with another text, another office or another DeliveryId, and a copy of an unknown message', () => {
    const other = evidenceOf().message;
    expect(
      changed(({ message }) => ({
        copies: [
          copyFor(message, 'HCA12'),
          copyFor(
            { content: { ...message.content, message: { ...message.content.message, body: 'another text' } } },
            'SCA01',
          ),
        ],
      })),
    ).toEqual(['other_text']);
    expect(changed(({ message, evidence }) => ({ copies: [...evidence.copies, copyFor(message, 'SCA03')] }))).toEqual([
      'copy_not_in_receipt',
    ]);
    expect(
      changed(({ message }) => ({ copies: [copyFor(message, 'HCA12'), copyFor(message, 'SCA01', 'x'.repeat(32))] })),
    ).toEqual(['other_delivery_id']);
    expect(changed(({ evidence }) => ({ copies: [...evidence.copies, copyFor(other, 'HCA12')] }))).toEqual([
      'copy_of_nobody',
    ]);
  });

  it('money that does not add up', () => {
    expect(
      database(({ reservation, windows }) => ({
        reservations: [{ ...reservation, state: 'reserved', settled: null }],
        windows: windows.map((window) => ({ ...window, reserved: 80n, spent: 0n })),
      })),
    ).toEqual(['reservation_open']);
    expect(database(() => ({ reservations: [] }))).toEqual([
      'reservations_not_one_per_acceptance',
      'window_not_ledger',
    ]);
    expect(
      database(({ windows }) => ({
        windows: windows.map((window, at) => (at === 1 ? { ...window, spent: window.spent + 1n } : window)),
      })),
    ).toEqual(['window_not_ledger']);
    expect(database(({ windows }) => ({ windows: windows.slice(1) }))).toEqual(['window_not_ledger']);
    expect(database(() => ({ emergencyStops: 1 }))).toEqual(['emergency_stop']);
    const { evidence, reservation } = evidenceOf({ status: 'unknown', reason: 'key_retired', outcomes: null });
    expect(
      rulesIn({
        ...evidence,
        database: {
          ...evidence.database,
          reservations: [{ ...reservation, settled: 0n }],
          windows: evidence.database.windows.map((window) => ({ ...window, spent: 0n })),
        },
      }),
    ).toEqual(['settled_wrongly']);
  });
});
