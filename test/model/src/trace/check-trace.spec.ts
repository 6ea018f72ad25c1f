import { checkTrace } from './check-trace';
import type { TraceEvent } from './trace-event';

type Part<Event extends TraceEvent['event']> = Partial<Omit<Extract<TraceEvent, { event: Event }>, 'event' | 'at'>>;

const accept: TraceEvent = { at: 0, event: 'accept', message: 'm' };
const lease = (name: string, changes: Part<'lease'> = {}): TraceEvent => ({
  at: 0,
  event: 'lease',
  message: 'm',
  lease: name,
  free: true,
  ...changes,
});
const dispatch = (name: string, changes: Part<'dispatch'> = {}): TraceEvent => ({
  at: 0,
  event: 'dispatch',
  message: 'm',
  lease: name,
  inTime: true,
  dispatched: true,
  relayed: true,
  ...changes,
});
const again = (name: string, reason: string, dispatched: boolean, changes: Part<'again'> = {}): TraceEvent => ({
  at: 0,
  event: 'again',
  message: 'm',
  lease: name,
  released: false,
  reason,
  dispatched,
  relayed: true,
  ...changes,
});
const end = (name: string, status: string, reason: string | null = null): TraceEvent => ({
  at: 0,
  event: 'end',
  message: 'm',
  lease: name,
  status,
  reason,
});
const nullifier = (freed: boolean): TraceEvent => ({ at: 0, event: 'nullifier', message: 'm', freed });
const copy = (office = 'HCA12'): TraceEvent => ({ at: 0, event: 'copy', message: 'm', office });

const found = (events: readonly TraceEvent[]) =>
  checkTrace(events, { everythingEnds: true }).map(({ event, why }) => `${event}: ${why}`);

describe('the check of a run’s trace', () => {
  it.each<[string, TraceEvent[]]>([
    ['a delivery', [accept, lease('a'), dispatch('a'), copy(), end('a', 'delivered')]],
    [
      'a lease that ran out, and another worker that ended the message',
      [accept, lease('a'), dispatch('a'), lease('b'), dispatch('b'), end('b', 'unknown', 'may_have_been_sent'), copy()],
    ],
    [
      'an interim receipt',
      [
        accept,
        lease('a'),
        dispatch('a'),
        again('a', 'office_unreachable', false),
        lease('b'),
        end('b', 'expired', 'message_expired'),
      ],
    ],
    [
      'a withheld copy',
      [
        accept,
        lease('a'),
        dispatch('a'),
        again('a', 'office_unreachable', true),
        lease('b'),
        end('b', 'unknown', 'message_expired'),
      ],
    ],
    [
      'a failed connection, and a nullifier that is free again',
      [
        accept,
        lease('a'),
        dispatch('a'),
        again('a', 'enclave_unavailable', false, { relayed: false }),
        lease('b'),
        end('b', 'expired', 'message_expired'),
        nullifier(true),
      ],
    ],
    [
      'a busy enclave after an attempt that was not answered',
      [
        accept,
        lease('a'),
        dispatch('a'),
        again('a', 'enclave_timeout', true),
        lease('b'),
        dispatch('b'),
        again('b', 'enclave_busy', true),
        lease('c'),
        dispatch('c'),
        end('c', 'delivered'),
        nullifier(false),
      ],
    ],
    ['a refusal by every office', [accept, lease('a'), dispatch('a'), end('a', 'refused'), nullifier(true)]],
    [
      'a message that was sealed again',
      [
        accept,
        lease('a'),
        end('a', 'key_retired', 'key_retired'),
        accept,
        lease('b'),
        dispatch('b'),
        copy(),
        end('b', 'delivered'),
      ],
    ],
    ['a crash', [{ at: 0, event: 'crash', process: 'gateway' }]],
  ])('explains %s', (_what, events) => {
    expect(found(events)).toEqual([]);
  });

  it.each<[string, TraceEvent[], string]>([
    ['never ends', [accept, lease('a')], 'rest: it was accepted and never ended'],
    ['is accepted twice', [accept, accept, lease('a'), end('a', 'delivered')], 'accept: accept: there is a job'],
    [
      'is leased while another worker has the lease',
      [accept, lease('a'), lease('b', { free: false }), end('b', 'delivered')],
      'lease: lease: another worker has the job',
    ],
    [
      'is dispatched without the lease',
      [accept, lease('a'), lease('b'), dispatch('a'), end('b', 'delivered')],
      'dispatch: dispatch: the lease is not its own',
    ],
    [
      'is dispatched after its lease ran out',
      [accept, lease('a'), dispatch('a', { inTime: false }), end('a', 'delivered')],
      'dispatch: dispatch: its lease has run out',
    ],
    [
      'is dispatched and not noted as dispatched',
      [accept, lease('a'), dispatch('a', { dispatched: false }), end('a', 'delivered')],
      'dispatch: dispatch: dispatched must be true',
    ],
    [
      'is sent without a dispatch',
      [accept, lease('a'), copy(), end('a', 'delivered')],
      'copy: copy: it was never dispatched',
    ],
    [
      'is sent twice',
      [accept, lease('a'), dispatch('a'), copy(), copy(), end('a', 'delivered')],
      'copy: copy: the office has a copy already',
    ],
    [
      'is noted as not dispatched after a time-out',
      [accept, lease('a'), dispatch('a'), again('a', 'enclave_timeout', false), lease('b'), end('b', 'delivered')],
      'again: unanswered: dispatched must be true',
    ],
    [
      'is noted as not dispatched by a busy enclave, although an earlier attempt dispatched it',
      [
        accept,
        lease('a'),
        dispatch('a'),
        again('a', 'enclave_timeout', true),
        lease('b'),
        dispatch('b'),
        again('b', 'enclave_busy', false),
        lease('c'),
        end('c', 'delivered'),
      ],
      'again: untaken: dispatched must be true',
    ],
    [
      'goes back to the queue without the lease',
      [
        accept,
        lease('a'),
        dispatch('a'),
        lease('b'),
        again('a', 'office_unreachable', false),
        lease('c'),
        end('c', 'delivered'),
      ],
      'again: answered: the lease is not its own; unanswered: the lease is not its own',
    ],
    [
      'is ended without the lease',
      [accept, lease('a'), lease('b'), end('a', 'delivered')],
      'end: end: the lease is not its own',
    ],
    [
      'ends as not sent although it was dispatched before its lease',
      [accept, lease('a'), dispatch('a'), lease('b'), end('b', 'expired', 'message_expired')],
      'end: endUnsent: it was already dispatched when it was leased',
    ],
    [
      'frees its nullifier after it was relayed',
      [accept, lease('a'), dispatch('a'), end('a', 'delivered'), nullifier(true)],
      'nullifier: freeUnrelayed: bytes may have left a gateway; freeRefused: not every office refused it',
    ],
    [
      'uses up its nullifier before it was relayed',
      [accept, lease('a'), end('a', 'expired', 'message_expired'), nullifier(false)],
      'nullifier: keepNullifier: it was never dispatched',
    ],
    [
      'goes back to the queue for an unknown reason',
      [accept, lease('a'), again('a', 'tuesday', false, { relayed: false }), lease('b'), end('b', 'delivered')],
      'again: no transition has the reason tuesday',
    ],
  ])('does not explain a message that %s', (_what, events, deviation) => {
    expect(found(events)).toEqual([deviation]);
  });

  it('continues to the end of the trace after a deviation', () => {
    const other = { ...lease('x'), message: 'n' } as TraceEvent;
    expect(found([accept, copy(), lease('a'), end('a', 'delivered'), other])).toHaveLength(2);
  });
});
