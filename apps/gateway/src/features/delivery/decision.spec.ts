import { PROBLEMS, type Outcome, type ProblemCode, type RelayAnswer } from '@communique-tee/protocol';
import { decide, decideExpired, type Decision } from './decision';
import type { LeasedJob } from './leased-job';
import { copiesSent, endOf } from './outcomes';

type FinalProblem =
  | 'key_retired'
  | 'sealed_message_refused'
  | 'message_expired'
  | 'suite_unsupported'
  | 'malformed_body'
  | 'residence_required'
  | 'residence_not_open'
  | 'circuit_retired';

const job = (changes: Partial<LeasedJob> = {}): LeasedJob => ({
  messageId: '00000000-0000-4000-8000-000000000000',
  sealed: new Uint8Array(),
  keyId: new Uint8Array(16),
  sealedSha256: new Uint8Array(32),
  leaseOwner: 'a',
  attempt: 1,
  expired: false,
  dispatchedBefore: false,
  relayedBefore: false,
  proven: false,
  priced: false,
  interimReceipt: null,
  ...changes,
});
const dispatched = job({ dispatchedBefore: true, attempt: 2 });
const answer = (changes: Partial<RelayAnswer> = {}): RelayAnswer => ({
  state: 'final',
  retryAfterSeconds: null,
  withheld: 0,
  receipt: 'r',
  attestationDocument: new Uint8Array([1]),
  answer: new Uint8Array([1]),
  ...changes,
});
const trusted = (outcomes: Outcome[], changes: Partial<RelayAnswer> = {}) =>
  ({ kind: 'answer', trusted: { answer: answer(changes), outcomes } }) as const;
const problem = (code: ProblemCode, retryAfterSeconds: number | null = null) =>
  ({ kind: 'problem', code, retryAfterSeconds }) as const;
const end = (decision: Decision) =>
  decision.kind === 'end' ? { status: decision.status, reason: decision.reason, cost: decision.cost } : decision;

describe('decide, with a verified receipt', () => {
  it.each<[Outcome[], string, number]>([
    [['accepted'], 'delivered', 1],
    [['duplicate', 'accepted', 'duplicate'], 'delivered', 3],
    [['accepted', 'refused'], 'partially_delivered', 1],
    [['duplicate', 'refused', 'refused'], 'partially_delivered', 1],
    [['refused'], 'refused', 0],
    [[], 'refused', 0],
    [['unknown'], 'unknown', 1],
    [['accepted', 'unknown', 'refused'], 'unknown', 2],
  ])('ends a message with the outcomes %j as %s, with %i copies sent', (outcomes, status, copies) => {
    expect(endOf(outcomes)).toBe(status);
    expect(copiesSent(outcomes)).toBe(copies);
    expect(decide(job(), null, trusted(outcomes))).toEqual({
      kind: 'end',
      status,
      reason: null,
      cost: { copies: outcomes },
      answer: answer(),
      // This verified receipt frees the nullifier.
      ...(status === 'refused' && { allRefused: true }),
    });
  });

  it.each<[Outcome[], boolean]>([
    [['pending', 'refused'], true],
    [['accepted', 'pending'], false],
    [['pending', 'duplicate'], false],
    [['unknown', 'pending'], false],
  ])('frees the nullifier after the interim receipt %j and a final refusal by every office: %s', (interim, isFree) => {
    const decision = decide(job(), interim, trusted(['refused', 'refused']));
    expect(decision.kind === 'end' && decision.allRefused === true).toBe(isFree);
  });

  it('retries a pending message as often as the enclave asks, until it expires', () => {
    const pending = { state: 'pending', retryAfterSeconds: 3600 } as const;
    expect(decide(job({ attempt: 100_000 }), ['pending'], trusted(['pending'], pending))).toMatchObject({
      kind: 'retry',
      retryAfterSeconds: 3600,
    });
  });

  it('does not end a message while an office is pending, and keeps the receipt', () => {
    const pending = { state: 'pending', retryAfterSeconds: 60 } as const;
    expect(decide(dispatched, null, trusted(['accepted', 'pending'], pending))).toEqual({
      kind: 'retry',
      reason: 'office_unreachable',
      retryAfterSeconds: 60,
      dispatchStands: false,
      answer: answer(pending),
    });
  });
});

describe('an answer whose enclave withheld copies because the gateway claimed a dispatch', () => {
  it('ends the message as unknown for that reason if no other office is pending, and costs as if the copies had been sent', () => {
    const pending = { state: 'pending', withheld: 2 } as const;
    expect(decide(dispatched, null, trusted(['accepted', 'pending', 'pending'], pending))).toEqual({
      kind: 'end',
      status: 'unknown',
      reason: 'may_have_been_sent',
      cost: { copies: ['accepted', 'unknown', 'unknown'] },
      answer: answer(pending),
    });
  });

  it('causes another attempt for the other copies, and that attempt states the dispatch again', () => {
    const pending = { state: 'pending', withheld: 1, retryAfterSeconds: 60 } as const;
    expect(decide(dispatched, null, trusted(['pending', 'pending'], pending))).toMatchObject({
      kind: 'retry',
      dispatchStands: true,
      retryAfterSeconds: 60,
    });
  });
});

describe('decide, with a result that is no answer', () => {
  it.each([
    [false, false, false],
    [false, true, true],
    [true, false, true],
    [true, true, true],
  ])(
    'after an unreachable enclave (bytes sent: %s, dispatched before: %s), keeps the dispatch set: %s',
    (sent, before, stands) => {
      expect(
        decide(job({ dispatchedBefore: before }), null, { kind: 'unreachable', sent, code: 'ECONNRESET' }),
      ).toMatchObject({ kind: 'retry', reason: 'enclave_unavailable', dispatchStands: stands });
    },
  );

  it('distinguishes a time-out from an enclave that is away', () => {
    expect(decide(job(), null, { kind: 'unreachable', sent: true, code: 'ETIMEDOUT' })).toMatchObject({
      reason: 'enclave_timeout',
    });
  });

  it('sets no dispatch for a busy enclave, and keeps its Retry-After', () => {
    expect(decide(job(), null, problem('enclave_busy', 9))).toEqual({
      kind: 'retry',
      reason: 'enclave_busy',
      retryAfterSeconds: 9,
      dispatchStands: false,
      answer: null,
    });
  });

  it('does not clear an earlier dispatch for a busy enclave', () => {
    expect(decide(dispatched, null, problem('enclave_busy'))).toMatchObject({ dispatchStands: true });
  });

  it.each(['internal_error', 'enclave_answer_invalid', 'enclave_timeout'] as const)(
    'keeps the dispatch set after %s, because the enclave may have taken the message',
    (code) => {
      expect(decide(job(), null, problem(code))).toMatchObject({ kind: 'retry', reason: code, dispatchStands: true });
    },
  );

  it.each(['root_not_accepted', 'proof_invalid'] as const)(
    'causes another attempt after %s, because the gateway had accepted the root and the proof',
    (code) => {
      expect(decide(job({ proven: true }), null, problem(code))).toMatchObject({ kind: 'retry', reason: code });
    },
  );

  it('ends a message only with one of these problems', () => {
    const ends = (Object.keys(PROBLEMS) as ProblemCode[]).filter(
      (code) => decide(job(), null, problem(code)).kind === 'end',
    );
    expect(ends.sort()).toEqual([
      'circuit_retired',
      'key_retired',
      'malformed_body',
      'message_expired',
      'residence_not_open',
      'residence_required',
      'sealed_message_refused',
      'suite_unsupported',
    ]);
  });
});

describe('the problems that end a message', () => {
  const nothing = { copies: [] };

  it.each([
    ['key_retired', 'key_retired'],
    ['sealed_message_refused', 'refused'],
    ['message_expired', 'expired'],
    ['suite_unsupported', 'refused'],
    ['malformed_body', 'refused'],
    ['residence_required', 'refused'],
    ['residence_not_open', 'refused'],
    ['circuit_retired', 'refused'],
  ] as const)('%s ends a message that was never dispatched as %s, at no cost', (code, status) => {
    expect(end(decide(job(), null, problem(code)))).toEqual({ status, reason: code, cost: nothing });
  });

  it.each(['key_retired', 'message_expired', 'suite_unsupported', 'malformed_body', 'circuit_retired'] as const)(
    '%s ends a dispatched message without an answer as unknown, at the cost of the reservation',
    (code) => {
      expect(end(decide(dispatched, null, problem(code)))).toEqual({
        status: 'unknown',
        reason: code,
        cost: 'reservation',
      });
      expect(end(decide(dispatched, ['accepted', 'pending'], problem(code)))).toEqual({
        status: 'unknown',
        reason: code,
        cost: 'reservation',
      });
    },
  );

  it('sealed_message_refused ends a dispatched message as refused if it was never opened', () => {
    expect(end(decide(dispatched, null, problem('sealed_message_refused')))).toEqual({
      status: 'refused',
      reason: 'sealed_message_refused',
      cost: nothing,
    });
  });

  it('sealed_message_refused ends a dispatched message as unknown if a receipt shows that it was opened', () => {
    expect(end(decide(dispatched, ['accepted', 'pending'], problem('sealed_message_refused')))).toEqual({
      status: 'unknown',
      reason: 'sealed_message_refused',
      cost: 'reservation',
    });
  });

  it.each<[FinalProblem, Outcome[], string]>([
    ['sealed_message_refused', ['pending', 'pending'], 'refused'],
    ['sealed_message_refused', ['accepted', 'pending'], 'partially_delivered'],
    ['sealed_message_refused', ['duplicate', 'pending'], 'partially_delivered'],
    ['sealed_message_refused', ['unknown', 'pending'], 'unknown'],
    ['suite_unsupported', ['pending'], 'refused'],
    ['malformed_body', ['accepted', 'pending'], 'partially_delivered'],
    ['malformed_body', ['unknown', 'pending'], 'unknown'],
    ['circuit_retired', ['accepted', 'pending'], 'partially_delivered'],
    ['key_retired', ['pending', 'pending'], 'key_retired'],
    ['key_retired', ['accepted', 'pending'], 'partially_delivered'],
    ['key_retired', ['unknown', 'pending'], 'unknown'],
    ['message_expired', ['pending'], 'expired'],
    ['message_expired', ['accepted', 'pending'], 'expired'],
    ['message_expired', ['unknown', 'pending'], 'unknown'],
  ])('%s after the interim receipt %j ends as %s, at the cost of that receipt', (code, interim, status) => {
    expect(end(decide(job(), interim, problem(code)))).toEqual({ status, reason: code, cost: { copies: interim } });
  });

  it('the clock ends a message in the same way as message_expired from the enclave', () => {
    for (const [which, interim] of [
      [job(), null],
      [dispatched, null],
      [job(), ['accepted', 'pending']],
    ] as const) {
      expect(decideExpired(which, interim)).toEqual(decide(which, interim, problem('message_expired')));
    }
  });
});
