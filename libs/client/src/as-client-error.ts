import { AttestationError } from '@communique-tee/attestation/browser';
import { CryptoError } from '@communique-tee/crypto/browser';
import { EnclaveError } from '@communique-tee/enclave-identity/browser';
import { ProtocolError } from '@communique-tee/protocol';
import { ReceiptError } from '@communique-tee/receipts';
import { ClientError, type WhetherSent } from './errors';
import { isNetworkError } from './http';

/** Returns the ClientError for a known error, and any other error unchanged. */
export function asClientError(error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof ClientError && error.messageId !== undefined) return error;
  if (signal?.aborted === true) return new ClientError('aborted', 'the caller aborted', { cause: signal.reason });
  if (error instanceof ClientError) return error;
  if (error instanceof AttestationError) {
    if (error.step === 'policy' && error.code !== 'ERR_ATTESTATION_UNSUPPORTED')
      return new ClientError('policy_invalid', error.message, { cause: error, reason: error.code });
    return new ClientError('attestation_refused', `the attestation document does not verify: ${error.message}`, {
      cause: error,
      reason: error.code,
    });
  }
  if (error instanceof EnclaveError) return refusedEnclave(error);
  if (error instanceof ReceiptError && isCustody(error.cause)) return refusedEnclave(error.cause);
  if (error instanceof ReceiptError || error instanceof CryptoError || error instanceof ProtocolError) {
    return new ClientError('receipt_refused', `the receipt or the answer does not verify: ${error.message}`, {
      cause: error,
      reason: error.code,
    });
  }
  if (isNetworkError(error)) return new ClientError('unreachable', 'the gateway gave no answer', { cause: error });
  return error;
}

/** The error for an enclave that attests an accepted image, but has a key or configuration that is refused. */
export function refusedEnclave(error: EnclaveError): ClientError {
  const { code, message, detail } = error;
  if (code === 'custody_refused')
    return new ClientError(code, message, { cause: error, ...(detail !== undefined && { reason: detail }) });
  return new ClientError(code.startsWith('configuration') ? 'configuration_refused' : 'key_binding_invalid', message, {
    cause: error,
    reason: code,
  });
}

function isCustody(error: unknown): error is EnclaveError {
  return error instanceof EnclaveError && error.code === 'custody_refused';
}

/** Adds the message's id, and whether the message was sent. Returns other errors, and errors before sending, unchanged. */
export function aboutMessage(error: unknown, messageId: string, sent: WhetherSent): unknown {
  if (!(error instanceof ClientError) || error.messageId !== undefined || sent === 'not_sent') return error;
  const { code, message, cause, problems, problem, status, retryAfterSeconds, reason } = error;
  return new ClientError(code, message, {
    cause,
    problems,
    messageId,
    sent,
    ...(problem !== undefined && { problem }),
    ...(status !== undefined && { status }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(reason !== undefined && { reason }),
  });
}
