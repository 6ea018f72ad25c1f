// One message on its way, as far as this page knows it. Pure: each state of the client library turns one Way into the next.
import type {
  AttestedKey,
  SendResult,
  SendState,
  StatusView,
  VerifiedReport,
  WhetherSent,
} from '@communique-tee/client';
import { provesOfficeHasNoCopy } from '@communique-tee/protocol';
import type { Failure } from './failure';
import type { KeptEntry } from './kept';

/** The steps that a person follows, in this order. */
export const STEPS = ['sealed', 'received', 'opened', 'answered'] as const;
export type StepName = (typeof STEPS)[number];

/** The current step, for one line under the steps. */
export type Activity =
  | 'checking'
  | 'sealing'
  /** The client fetches the registrar's list, or waits until the registrar has updated it. */
  | 'reading_list'
  | 'proving'
  | 'handing_over'
  | 'in_queue'
  /** The server reports that it has given the message to the enclave. The enclave has not answered yet. */
  | 'in_enclave'
  /** The enclave has opened the message, and no office has it yet. */
  | 'opened_not_sent'
  /** The enclave has opened the message. An office may have it, but did not answer clearly. */
  | 'opened_not_known'
  | 'sent'
  | 'sealing_again';

/** A request failed. The client makes it again at `untilMs`. */
export interface Waiting {
  readonly during: Extract<SendState, { step: 'waiting' }>['during'];
  readonly untilMs: number;
  readonly because: string;
}

export interface LogEntry {
  readonly atMs: number;
  readonly state: SendState;
}

export interface Way {
  /** A UUID; undefined until the message is sealed. */
  readonly id: string | undefined;
  /** Whether the message is from an earlier visit, and this device kept it. */
  readonly resumed: boolean;
  /** Whether the enclave is under a development root, so that Congress is simulated. */
  readonly demo: boolean;
  /** Whether the message has a proof of residence. The gateway takes one such message of each person in a campaign. */
  readonly proven: boolean;
  /** Codes, as `HCA12`. Empty for a resumed message until a report names them. */
  readonly offices: readonly string[];
  readonly reachedAtMs: Readonly<Partial<Record<StepName, number>>>;
  readonly activity: Activity;
  readonly waiting: Waiting | undefined;
  readonly key: AttestedKey | undefined;
  /** CBOR form, as it leaves this device. */
  readonly sealed: Uint8Array | undefined;
  /** How often the message was posted to the server. */
  readonly posts: number;
  readonly view: StatusView | undefined;
  readonly report: VerifiedReport | null;
  /** Whether the message was sent, as far as the page knows. */
  readonly sent: WhetherSent;
  /** The latest states, the oldest first. */
  readonly log: readonly LogEntry[];
  /** How many states there were, including those that `log` no longer has. */
  readonly states: number;
  /** When this page last learned something about the message. A failed request does not count. */
  readonly heardAtMs: number;
}

export type Sending =
  | { readonly kind: 'idle' }
  | { readonly kind: 'under_way'; readonly way: Way }
  | { readonly kind: 'ended'; readonly way: Way; readonly result: SendResult }
  | { readonly kind: 'failed'; readonly way: Way; readonly failure: Failure };

/** The most entries in `log`. Without a limit, a server that reports endless changes would fill the memory. */
export const MAX_LOG = 200;

export function newWay(start: Pick<Way, 'demo' | 'proven' | 'offices'>, nowMs: number): Way {
  return {
    ...start,
    id: undefined,
    resumed: false,
    reachedAtMs: {},
    activity: 'checking',
    waiting: undefined,
    key: undefined,
    sealed: undefined,
    posts: 0,
    view: undefined,
    report: null,
    sent: 'not_sent',
    log: [],
    states: 0,
    heardAtMs: nowMs,
  };
}

/** Returns the way of a message from an earlier visit. It was kept before it was posted, so it may have been sent. */
export function resumedWay({ kept, keptAtMs }: KeptEntry, demo: boolean, nowMs: number): Way {
  return {
    ...newWay({ demo, proven: kept.statusSecret !== null, offices: [] }, nowMs),
    id: kept.id,
    resumed: true,
    sent: kept.accepted ? 'accepted' : 'not_known',
    reachedAtMs: { sealed: keptAtMs },
  };
}

/** Returns the way after one more state that the client reports. */
export function advance(before: Way, state: SendState, nowMs: number): Way {
  const way: Way = {
    ...before,
    waiting: undefined,
    heardAtMs: nowMs,
    log: [...before.log, { atMs: nowMs, state }].slice(-MAX_LOG),
    states: before.states + 1,
  };
  switch (state.step) {
    case 'attesting':
      return { ...way, activity: 'checking' };
    case 'attested':
      return { ...way, key: state.key, activity: way.resumed ? way.activity : 'sealing' };
    case 'fetching_registry':
      return { ...way, activity: 'reading_list' };
    case 'registry_read':
      return { ...way, activity: 'sealing' };
    case 'proving':
      return { ...way, activity: 'proving' };
    case 'resealing':
      return { ...way, reachedAtMs: {}, view: undefined, report: null, activity: 'sealing_again' };
    case 'sealed':
      return {
        ...way,
        id: state.id,
        sealed: state.sealed,
        reachedAtMs: reached(way, 'sealed', nowMs),
        activity: 'handing_over',
      };
    case 'posting':
      return { ...way, posts: way.posts + 1, activity: 'handing_over' };
    case 'waiting':
      // A failed request is no news of the message, so the time of the last news stays
      return {
        ...way,
        heardAtMs: before.heardAtMs,
        waiting: { during: state.during, untilMs: nowMs + state.waitMs, because: state.because },
      };
    case 'accepted':
      return received({ ...way, sent: 'accepted' }, state.view, nowMs);
    case 'status':
      return reported(received({ ...way, sent: 'accepted' }, state.view, nowMs), state.report, nowMs);
    case 'ended':
      return way;
  }
}

function received(way: Way, view: StatusView, nowMs: number): Way {
  const atMs = way.resumed ? Date.parse(view.acceptedAt) : nowMs;
  return {
    ...way,
    view,
    reachedAtMs: reached(way, 'received', atMs),
    activity: view.status === 'delivering' ? 'in_enclave' : 'in_queue',
  };
}

function reported(way: Way, report: VerifiedReport | null, nowMs: number): Way {
  if (report === null) return way;
  const atMs = way.resumed ? report.timeSeconds * 1000 : nowMs;
  const known = {
    ...way,
    report,
    offices: way.offices.length > 0 ? way.offices : report.offices.map(officeOf),
    // Only an enclave that opened the message can sign a report of its offices
    reachedAtMs: reached(way, 'opened', atMs),
  };
  if (!report.offices.some(wasSent))
    return { ...known, activity: report.offices.some(mayHaveMessage) ? 'opened_not_known' : 'opened_not_sent' };
  return report.offices.every(hasAnswered)
    ? { ...known, activity: 'sent', reachedAtMs: reached(known, 'answered', atMs) }
    : { ...known, activity: 'sent' };
}

function reached({ reachedAtMs }: Way, name: StepName, atMs: number): Way['reachedAtMs'] {
  return reachedAtMs[name] === undefined ? { ...reachedAtMs, [name]: atMs } : reachedAtMs;
}

type OfficeReport = VerifiedReport['offices'][number];
const officeOf = ({ office }: OfficeReport): string => office;

/** Reasons for which the enclave refuses a copy without sending it to the office. */
const NEVER_SENT: ReadonlySet<string | null> = new Set([
  'message_invalid',
  'other_content_sent',
  'claim_not_opened',
  'campaign_not_accepted',
  'district_ended',
  'office_not_of_district',
]);

/** Whether the enclave has signed that a copy went out to this office. */
export function wasSent({ outcome, reason }: OfficeReport): boolean {
  return outcome !== 'pending' && !(outcome === 'refused' && NEVER_SENT.has(reason));
}

/** Whether this office has the message, or may have it: if sent again, it could arrive there twice. */
export function mayHaveMessage({ outcome, reason }: Pick<OfficeReport, 'outcome' | 'reason'>): boolean {
  return outcome !== 'refused' && !(outcome === 'pending' && provesOfficeHasNoCopy(reason));
}

function hasAnswered(office: OfficeReport): boolean {
  return wasSent(office) && office.outcome !== 'unknown';
}

/** Whether closing the page now would lose a message from view. @param isKept whether the next visit can follow it */
export function closingLosesMessage(sending: Sending, isKept: boolean): boolean {
  if (sending.kind === 'under_way') return !(isKept && sending.way.sent === 'accepted');
  return sending.kind === 'failed' && sending.failure.sent !== 'not_sent' && !isKept;
}

/**
 * `done`: happened. `current`: happens now. `waiting`: not yet. `open`: this page cannot tell whether it happened or will. `missed`: did
 * not happen.
 */
export interface Step {
  readonly name: StepName;
  readonly state: 'done' | 'current' | 'waiting' | 'open' | 'missed';
  readonly atMs: number | undefined;
}

export function stepsOf(sending: Exclude<Sending, { kind: 'idle' }>): readonly Step[] {
  const { reachedAtMs } = sending.way;
  const next = STEPS.find(
    (name) => reachedAtMs[name] === undefined && !(name === 'received' && wasAccepted(sending.way)),
  );
  return STEPS.map((name) => {
    const atMs = reachedAtMs[name];
    const isDone = atMs !== undefined || (name === 'received' && wasAccepted(sending.way));
    return { name, atMs, state: isDone ? 'done' : stateOf(sending, name, name === next) };
  });
}

/** Whether the message is from an earlier visit and the server accepted it. The page may not know when that was. */
function wasAccepted({ resumed, sent }: Way): boolean {
  return resumed && sent === 'accepted';
}

function stateOf(sending: Exclude<Sending, { kind: 'idle' }>, name: StepName, isNext: boolean): Step['state'] {
  if (sending.kind === 'under_way') return isNext ? 'current' : 'waiting';
  if (sending.kind === 'failed') {
    if (sending.failure.sent === 'not_sent') return isNext ? 'missed' : 'waiting';
    return isNext ? 'open' : 'waiting';
  }
  const { status, report } = sending.result;
  if (status === 'unknown') return 'open';
  if (name === 'opened') return report === null ? 'missed' : 'done';
  const offices = report?.offices ?? [];
  return name === 'answered' && offices.some((office) => mayHaveMessage(office) || wasSent(office)) ? 'open' : 'missed';
}
