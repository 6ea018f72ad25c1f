// Chooses the catalogue's text for each state. Pure: the texts are parameters, so that specs can read them in each
// language.
import type { SendResult, Status, VerifiedReport } from '@communique-tee/client';
import { fill, type Catalogue } from '../text/text';
import type { Failure } from './failure';
import { mayHaveMessage, type Way } from './way';

type Texts = Catalogue['send'];

/** Returns one line for the current step. */
export function activityWords({ activity, waiting, resumed }: Way, texts: Texts): string {
  if (waiting !== undefined) {
    if (waiting.during === 'following') return texts.waiting.following;
    if (waiting.because === 'ERR_RESIDENCE_LIST_UPDATING') return texts.waiting.updating;
    return waiting.because === 'unreachable' ? texts.waiting.unreachable : texts.waiting.busy;
  }
  if (resumed && activity === 'checking') return texts.now.asking;
  return texts.now[activity];
}

const NO_ROOM = [
  'overloaded',
  'database_unavailable',
  'enclave_unavailable',
  'keys_not_ready',
  'enclave_busy',
  'enclave_timeout',
  'shutting_down',
  'identity_provider_unavailable',
  'system_hourly_limit_reached',
  'system_daily_limit_reached',
  'verifier_busy',
] as const;

/**
 * Returns the sentence for a failure. It does not state whether the message was sent.
 * @param proofs undefined if no proof of residence was made
 */
export function failureWords(
  { code, problem, status, reason }: Pick<Failure, 'code' | 'problem' | 'status'> & Partial<Pick<Failure, 'reason'>>,
  texts: Texts,
  proofs?: Catalogue['residence']['proofs'],
): string {
  const { errors } = texts;
  if (status === 401) return errors.unauthenticated;
  if (problem !== undefined && (NO_ROOM as readonly string[]).includes(problem)) return errors.no_room;
  if (problem !== undefined && Object.hasOwn(errors.problems, problem))
    return errors.problems[problem as keyof typeof errors.problems];
  if (proofs !== undefined && reason !== undefined && Object.hasOwn(proofs, reason))
    return proofs[reason as keyof typeof proofs];
  if (status === 429) return errors.problems.rate_limited;
  if (status !== undefined && status >= 500) return errors.no_room;
  return errors[code];
}

/** Returns the color: `good` (green), `open` (amber) or `bad`. A demo proves nothing, so it never shows green. */
export function toneOf(status: Status, demo: boolean): 'good' | 'open' | 'bad' {
  if (status === 'refused') return 'bad';
  return status === 'delivered' && !demo ? 'good' : 'open';
}

/** How a message ended: the key of a text in `send.ends`. */
export type End =
  | 'delivered'
  | 'partly'
  /** The message itself has to be corrected. */
  | 'invalid'
  | 'refused'
  | 'unknown'
  | 'expired'
  /** The message expired, and an office has it or may have it. */
  | 'expired_partly'
  | 'key_retired'
  /** A status that cannot end a message. */
  | 'unclear';

export function endOf(status: Status, report: VerifiedReport | null): End {
  const offices = report?.offices ?? [];
  const someMayHaveIt = offices.some(mayHaveMessage);
  switch (status) {
    case 'delivered':
    case 'unknown':
      return status;
    case 'key_retired':
      return someMayHaveIt ? 'unknown' : 'key_retired';
    case 'partially_delivered':
      return offices.some(({ outcome }) => outcome === 'unknown') ? 'unknown' : 'partly';
    case 'refused':
      if (someMayHaveIt) return 'unknown';
      return (report?.problems.length ?? 0) > 0 ? 'invalid' : 'refused';
    case 'expired':
      return someMayHaveIt ? 'expired_partly' : 'expired';
    case 'queued':
    case 'delivering':
      return 'unclear';
  }
}

/** Returns the heading of a failure: one sentence on whether the message was sent. */
export function failureTitle(
  { sent, problem }: Pick<Failure, 'sent' | 'problem'>,
  { view }: Pick<Way, 'view'>,
  texts: Texts,
): string {
  // After `key_retired` the page sealed, proved and posted the message again. The gateway refused this post: an enclave had the first.
  if (sent === 'accepted' && problem === 'already_sent') return texts.whether.noSecond;
  const isOver = problem === 'not_found' || (view !== undefined && !['queued', 'delivering'].includes(view.status));
  return sent === 'accepted' && isOver ? texts.whether.over : texts.whether[sent];
}

/** Whether the receipt is interim. Then how the message ended is only the gateway's claim. */
export function isInterim(report: VerifiedReport | null): boolean {
  return report?.offices.some(({ outcome }) => outcome === 'pending') ?? false;
}

/**
 * Returns which text to show about a second message in the campaign; undefined for none. With proofs, each person can send one message in a
 * campaign. The gateway accepts a second one only in two cases: no enclave got the first; or a verified receipt shows that every office
 * refused the first, and every earlier attempt was answered (only the gateway knows that).
 */
function second(
  end: End,
  { report }: Pick<SendResult, 'report'>,
  { proven }: Pick<Way, 'proven'>,
): keyof Texts['second'] | undefined {
  if (!proven) return undefined;
  if (end === 'partly' || end === 'expired_partly' || (end === 'refused' && report === null)) return 'refused';
  return end === 'expired' || end === 'key_retired' ? 'perhaps' : undefined;
}

/** Returns what the person can do after the end, in a few sentences. */
export function nextAfter(
  end: End,
  result: Pick<SendResult, 'report'>,
  way: Pick<Way, 'proven'>,
  texts: Texts,
): string {
  const found = second(end, result, way);
  return found === undefined ? texts.ends[end].next : texts.second[found];
}

/** Returns the text of the button that leads back to the message. Undefined if an office may have the message and could get it twice. */
export function backButtonText(
  end: End,
  result: Pick<SendResult, 'report'>,
  way: Pick<Way, 'proven'>,
): 'correct' | 'back' | undefined {
  if (second(end, result, way) === 'refused') return undefined;
  if (end === 'invalid' || end === 'refused') return 'correct';
  return end === 'expired' || end === 'key_retired' ? 'back' : undefined;
}

/** Returns how the message ended, in one sentence. */
export function endTitle({ status, report }: Pick<SendResult, 'status' | 'report'>, way: Way, texts: Texts): string {
  const end = endOf(status, report);
  if (end === 'delivered' && way.demo) return texts.simulatedDelivered;
  return fill(texts.ends[end].title, { count: way.offices.length });
}

type Office = VerifiedReport['offices'][number];

/** The reasons of apps/enclave/src/services/congress that help a person, with their texts. */
const REASONS: Readonly<Record<string, keyof Texts['answers']>> = {
  message_invalid: 'invalid',
  other_content_sent: 'other_content',
  settled_before: 'settled_before',
  refused_by_office: 'refused',
};

/** Returns the outcome of one office's copy, in plain words. */
export function officeWords({ outcome, reason }: Pick<Office, 'outcome' | 'reason'>, texts: Texts): string {
  const { answers } = texts;
  if (outcome === 'pending') return mayHaveMessage({ outcome, reason }) ? answers.not_known : answers.pending;
  if (outcome !== 'refused' || reason === null) return answers[outcome];
  return answers[Object.hasOwn(REASONS, reason) ? (REASONS[reason] ?? 'refused') : 'refused'];
}
