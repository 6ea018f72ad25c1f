import { AttestationError } from '@communique-tee/attestation/browser';
import { EnclaveError } from '@communique-tee/enclave-identity/browser';
import { knownText } from '../text/known-text';
import { fill, text } from '../text/text';
import { failureSentence } from '../trust/check-texts';

/** Returns the failure in the reader's language, with the failed check if the attestation document was refused. */
export function receiptFailure({ code, cause }: { readonly code: string; readonly cause?: unknown }): string {
  const detail =
    cause instanceof AttestationError || cause instanceof EnclaveError
      ? failureSentence(cause.code, cause.message)
      : '';
  return fill(knownText(text.value.verify.receipt.failures, code) ?? text.value.verify.receipt.bad, { detail }).trim();
}
