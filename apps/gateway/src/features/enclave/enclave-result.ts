import type { ProblemCode } from '@communique-tee/protocol';

/**
 * The result of one request to the enclave. `EnclaveClient` returns it and never throws.
 *
 * - `answer`: the answer was read and is well formed. Its signatures are not yet verified.
 * - `problem`: the enclave answered with a problem document, or with something else (`enclave_answer_invalid`).
 * - `unreachable`: no complete answer came. `sent` is true if a byte of the request may have reached the enclave.
 */
export type EnclaveResult<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly retryAfterSeconds: number | null }
  | {
      readonly kind: 'unreachable';
      readonly sent: boolean;
      /** For the log: ECONNREFUSED, ENOENT, ETIMEDOUT, ECONNRESET, ABORT_ERR, ... */
      readonly code: string;
    };

export function invalidAnswer(): { kind: 'problem'; code: ProblemCode; retryAfterSeconds: null } {
  return { kind: 'problem', code: 'enclave_answer_invalid', retryAfterSeconds: null };
}
