import type { ClientError, DuplicateRisk, SendState, Status } from '@communique-tee/client';
import { CHAMBERS, toHex } from '@communique-tee/protocol';
import { duration } from '../format';

const STATUSES: Readonly<Record<Status, string>> = {
  queued: 'waiting to be relayed',
  delivering: 'on its way',
  delivered: 'every office has it',
  partially_delivered: 'some offices have it, others not',
  refused: 'no office took it',
  unknown: 'sent, and not answered; it is not sent again',
  expired: 'its time ran out',
  key_retired: 'the server reports that the enclave lost its key before it opened the message',
};

export function statusWords(status: Status): string {
  return STATUSES[status];
}

/** One line for each state of a message on its way. */
export function stateWords(state: SendState): string {
  switch (state.step) {
    case 'attesting':
      return 'Asking for the enclave’s key.';
    case 'attested':
      return `Verified: PCR0 ${state.key.attestation.pcr0.slice(0, 16)}…, key ${toHex(state.key.keyId)}.`;
    case 'sealed':
      return `Sealed: ${state.sealed.length.toLocaleString('en')} bytes.`;
    case 'posting':
      return state.attempt === 1
        ? 'Handing it to the server.'
        : `Handing it to the server, attempt ${String(state.attempt)}.`;
    case 'waiting':
      return `The server ${state.during === 'posting' ? 'did not take it' : 'does not answer'} (${state.because}). Again in ${duration(state.waitMs)}.`;
    case 'accepted':
      return 'The server has it, and cannot open it.';
    case 'status': {
      const { status, attempts, reason } = state.view;
      return `Status ${status}: ${STATUSES[status]}${attempts > 0 ? `, attempt ${String(attempts)}` : ''}${reason === null ? '' : ` (${reason})`}.${state.report === null ? '' : ' Receipt verified.'}`;
    }
    case 'resealing':
      return 'The server reports that the enclave no longer has that key. Sealing the same message again.';
    case 'ended':
      return `Ended: ${STATUSES[state.result.status]}.`;
  }
}

/** A question for yes or no. */
export function duplicateQuestion({ when, chambers }: DuplicateRisk): string {
  const names = chambers.map((chamber) => `the ${CHAMBERS[chamber].name}`).join(' and ');
  return when === 'sending_again'
    ? `The server reports that the enclave lost its key. Your message may already have been delivered, and ${names} may deliver it a second time. Send again?`
    : `Several enclaves can open this message, and ${names} may deliver it twice if the server gives it to more than one. Send it?`;
}

const ERRORS: Readonly<Record<ClientError['code'], string>> = {
  policy_invalid: 'The measurements cannot be used.',
  message_invalid: 'Congress would not take the message as it is.',
  attestation_refused: 'The enclave’s document does not verify.',
  key_binding_invalid: 'The enclave’s document names no keys that could be used.',
  custody_refused: 'The enclave’s keys are guarded in a way that is not accepted.',
  configuration_refused: 'The server gave another configuration than the enclave attests.',
  duplicate_not_accepted: 'You did not agree that an office may get it twice.',
  kept_invalid: 'What was kept of the message cannot be read.',
  token_unavailable: 'That is no token. Paste it again.',
  refused: 'The server refused.',
  unreachable: 'The server cannot be reached.',
  answer_invalid: 'The server answered something that it should not.',
  receipt_refused: 'The receipt or the answer does not verify. Do not believe the status.',
  timeout: 'No end within the time.',
  aborted: 'Stopped here.',
};

/** By the problem's code, where the server gave one that a person can do something about. */
const PROBLEMS: Readonly<Record<string, string>> = {
  unauthenticated: 'The server does not take this token. It may have ended: get another one.',
  rate_limited: 'Too many requests. Wait a moment.',
  user_daily_limit_reached: 'Your budget for this UTC day is used up.',
  daily_messages_reached: 'You have sent as many messages as one UTC day allows. Try again tomorrow.',
  fair_share_reached: 'The service is nearly full, and you have had your share for now. Try again in an hour.',
  system_hourly_limit_reached: 'Everybody’s budget of this hour is used up.',
  system_daily_limit_reached:
    'Everybody’s budget of this day is promised to messages on their way. Try again in a while.',
  emergency_stop: 'Delivery is stopped until an operator clears it.',
};

export function errorWords({ code, problem, reason }: Pick<ClientError, 'code' | 'problem' | 'reason'>): string {
  const known = problem === undefined ? undefined : PROBLEMS[problem];
  const name = problem ?? reason;
  return `${known ?? ERRORS[code]}${name === undefined ? '' : ` (${name})`}`;
}

/** Whether the message was sent in spite of the error; the library decides, this page has the words. */
export function sentWords(error: Pick<ClientError, 'sent' | 'messageId'>): string {
  const { sent, messageId = '' } = error;
  if (sent === 'not_sent') return 'It was not sent.';
  if (sent === 'accepted') return `The server has the message ${messageId}, and it goes on.`;
  return `We do not know yet whether the message ${messageId} was sent.`;
}
