// The failure, whether the message was sent despite it, and what the person can do.
import type { ClientErrorCode, WhetherSent } from '@communique-tee/client';
import type { FieldProblem } from '@communique-tee/protocol';

export interface Failure {
  /**
   * A code of the client library or of this page. `not_verified`: the enclave was not verified when the person sent; `not_loaded`: a part
   * of this page could not be loaded; `page_fault`: an error in this page's code.
   */
  readonly code: ClientErrorCode | 'not_verified' | 'not_loaded' | 'page_fault';
  /** The gateway's problem code. */
  readonly problem: string | undefined;
  readonly status: number | undefined;
  /** The check that failed, such as `ERR_ATTESTATION_MEASUREMENT`. */
  readonly reason: string | undefined;
  /** The earliest time at which the gateway wants another request. */
  readonly retryAtMs: number | undefined;
  readonly problems: readonly FieldProblem[];
  readonly sent: WhetherSent;
}

/** Thrown if the person sends while the enclave is not verified. */
export class NotVerified extends Error {
  override readonly name = 'NotVerified';
}

/** Thrown if a part of this page cannot be loaded. In that case no message was sent. */
export class NotLoaded extends Error {
  override readonly name = 'NotLoaded';
}

/**
 * Returns the failure for an error of this page, not of the client library.
 * @param before whether the message was sent, as far as the page knew before this error
 */
export function ownFailure(error: unknown, before: WhetherSent): Failure {
  const code = error instanceof NotVerified ? 'not_verified' : error instanceof NotLoaded ? 'not_loaded' : 'page_fault';
  return {
    code,
    problem: undefined,
    status: undefined,
    reason: undefined,
    retryAtMs: undefined,
    problems: [],
    sent: before,
  };
}

/**
 * What the person can do next. `again`: send it again. `ask`: ask what became of it, which sends no second message.
 * `sign_in`: sign in, then `again` or `ask`. `check`: have the enclave checked again. `reload`: load the page again,
 * which keeps what was entered. `correct`: change the message. `none`: this page can do nothing.
 */
export type Remedy = 'again' | 'ask' | 'sign_in' | 'check' | 'reload' | 'correct' | 'none';

/** Codes with which the page or the client library refuses the enclave, its keys or the policy. */
const ENCLAVE: ReadonlySet<Failure['code']> = new Set([
  'not_verified',
  'policy_invalid',
  'attestation_refused',
  'key_binding_invalid',
  'custody_refused',
  'configuration_refused',
  'residence_refused',
]);

/** @param can `again`: this page still has the message. `ask`: it has what is needed to follow the message */
export function remedyOf(
  {
    code,
    status,
    sent,
    reason,
    problem,
  }: Pick<Failure, 'code' | 'status' | 'sent'> & Partial<Pick<Failure, 'reason' | 'problem'>>,
  can: { readonly again: boolean; readonly ask: boolean },
): Remedy {
  if (code === 'token_unavailable' || status === 401) return 'sign_in';
  if (sent === 'not_sent' && [reason, problem].includes('circuit_retired')) return 'reload';
  // Another proof of the same person in the same campaign gets the same answer
  if (sent !== 'not_known' && problem === 'already_sent') return 'none';
  if (sent === 'not_sent' && reason === 'ERR_PROVING_NO_REFERENCE_STRING') return 'none';
  if (ENCLAVE.has(code)) return 'check';
  if (code === 'kept_invalid') return 'none';
  if (sent !== 'not_sent') return can.ask ? 'ask' : 'none';
  if (code === 'message_invalid') return 'correct';
  return can.again ? 'again' : 'none';
}
