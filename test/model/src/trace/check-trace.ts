import { isProblemCode, PROBLEMS } from '@communique-tee/protocol';
import { TRANSITIONS, type JobState, type Transition, type TransitionName, type Written } from '../transitions';
import type { TraceEvent } from './trace-event';

/** An event that no transition of the model explains. */
export interface Deviation {
  readonly message: string;
  readonly event: TraceEvent['event'] | 'rest';
  readonly why: string;
}

type MessageEvent = Exclude<TraceEvent, { event: 'crash' }>;

interface Known extends JobState {
  /** The name of the job's lease, even if it has run out. */
  readonly lease: string | null;
  /** For each lease, the state that its worker found. */
  readonly found: Map<string, Pick<JobState, 'dispatched' | 'relayed'>>;
  readonly offices: Set<string>;
  readonly allRefused: boolean;
  /** The lease under which the message ended. */
  readonly endedBy: string | null;
}

/** Answers by which the enclave says that it did not accept the bytes that were just sent. */
const NOT_TAKEN = ['enclave_busy', 'shutting_down', 'keys_not_ready'];
/** The enclave did not open the message, so no attempt at it can have sent a copy. The answer is not signed. */
const NEVER_OPENED = 'sealed_message_refused';

/**
 * Replays a run, and returns its deviations. Each event must be a transition that the table allows in the message’s state, and must leave
 * the row as that transition does. Events of one message must be in the order of their commits.
 * @param options.everythingEnds whether a message that has not ended at the end of the trace is a deviation
 */
export function checkTrace(
  events: Iterable<TraceEvent>,
  { everythingEnds }: { readonly everythingEnds: boolean },
): Deviation[] {
  const messages = new Map<string, Known>();
  const deviations: Deviation[] = [];
  for (const event of events) {
    if (event.event === 'crash') continue;
    const before = messages.get(event.message) ?? unknownMessage();
    const refusals: string[] = [];
    const taken = candidatesOf(event).find((name) => {
      const refusal = refusalOf(name, before, event);
      if (refusal !== null) refusals.push(`${name}: ${refusal}`);
      return refusal === null;
    });
    if (taken === undefined)
      deviations.push({
        message: event.message,
        event: event.event,
        why:
          refusals.join('; ') || `no transition has the reason ${'reason' in event ? String(event.reason) : 'given'}`,
      });
    messages.set(event.message, observed(before, event));
  }
  if (everythingEnds)
    for (const [message, { job }] of messages)
      if (job) deviations.push({ message, event: 'rest', why: 'it was accepted and never ended' });
  return deviations;
}

function unknownMessage(): Known {
  return {
    job: false,
    dispatched: false,
    relayed: false,
    lease: null,
    found: new Map(),
    offices: new Set(),
    allRefused: false,
    endedBy: null,
  };
}

/** Returns the transitions that an event may be. */
function candidatesOf(event: MessageEvent): readonly TransitionName[] {
  switch (event.event) {
    case 'accept':
    case 'lease':
    case 'dispatch':
    case 'copy':
      return [event.event];
    case 'again':
      return event.released ? ['release'] : retriesOf(event.reason);
    case 'end':
      return saysUnsent(event) ? ['endUnsent'] : ['end'];
    case 'nullifier':
      return event.freed ? ['freeUnrelayed', 'freeRefused'] : ['keepNullifier'];
  }
}

function retriesOf(reason: string | null): readonly TransitionName[] {
  if (reason === 'office_unreachable') return ['answered', 'unanswered'];
  if (reason === 'enclave_unavailable') return ['unsent', 'unanswered'];
  if (reason === 'enclave_timeout') return ['unanswered'];
  if (!isProblemCode(reason)) return [];
  return NOT_TAKEN.includes(reason) || PROBLEMS[reason].status < 500 ? ['untaken'] : ['unanswered'];
}

/** Returns true if the clock, or a problem document other than `NEVER_OPENED`, ended the message; false for a receipt or `unknown`. */
function saysUnsent({ status, reason }: Extract<TraceEvent, { event: 'end' }>): boolean {
  return status !== 'unknown' && reason !== null && reason !== NEVER_OPENED;
}

/** Returns why the event is not this transition; null if it is. */
function refusalOf(name: TransitionName, before: Known, event: MessageEvent): string | null {
  const { when, then }: Transition = TRANSITIONS[name];
  const self = selfOf(before, event);
  const found = self === null ? undefined : before.found.get(self);
  if (when.job !== undefined && when.job !== before.job) return before.job ? 'there is a job' : 'there is no job';
  if (when.lease === 'free' && !('free' in event && event.free)) return 'another worker has the job';
  if (when.lease === 'own' && (self === null || self !== before.lease)) return 'the lease is not its own';
  if (when.inTime && !('inTime' in event && event.inTime)) return 'its lease has run out';
  if (when.relayed !== undefined && when.relayed !== before.relayed)
    return before.relayed ? 'bytes may have left a gateway' : 'it was never dispatched';
  if (when.dispatchedBefore !== undefined && found?.dispatched !== when.dispatchedBefore)
    return 'it was already dispatched when it was leased';
  if (when.allRefused && !before.allRefused) return 'not every office refused it';
  if (event.event === 'copy' && before.offices.has(event.office)) return 'the office has a copy already';
  if (!('dispatched' in event)) return null;
  const dispatched = written(then.dispatched, before.dispatched, found?.dispatched);
  if (event.dispatched !== dispatched) return `dispatched must be ${String(dispatched)}`;
  const relayed = written(then.relayed, before.relayed, found?.relayed);
  return event.relayed === relayed ? null : `relayed must be ${String(relayed)}`;
}

function selfOf(before: Known, event: MessageEvent): string | null {
  return 'lease' in event ? event.lease : before.endedBy;
}

function written(value: Written | undefined, now: boolean, found: boolean | undefined): boolean {
  return value === 'before' ? now && found === true : (value ?? now);
}

/** Returns the state that the event left, so that one deviation does not cause others. */
function observed(before: Known, event: MessageEvent): Known {
  switch (event.event) {
    case 'accept':
      // A message that was sealed again starts over, but each office may still get only one copy.
      return { ...unknownMessage(), job: true, offices: before.offices };
    case 'lease': {
      const { dispatched, relayed } = before;
      return { ...before, lease: event.lease, found: new Map(before.found).set(event.lease, { dispatched, relayed }) };
    }
    case 'dispatch':
      return { ...before, dispatched: event.dispatched, relayed: event.relayed };
    case 'again':
      return { ...before, lease: null, dispatched: event.dispatched, relayed: event.relayed };
    case 'end':
      return {
        ...before,
        job: false,
        lease: null,
        endedBy: event.lease,
        allRefused: event.status === 'refused' && event.reason === null,
      };
    case 'nullifier':
      return before;
    case 'copy':
      return { ...before, offices: new Set(before.offices).add(event.office) };
  }
}
