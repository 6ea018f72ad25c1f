import type { TrustAnchor } from '@communique-tee/attestation/browser';
import { AttestationError } from '@communique-tee/attestation/browser';
import { verifyEnclave } from '@communique-tee/enclave-identity/browser';
import { decodeJson } from '@communique-tee/protocol';
import { messageNamedBy, ReceiptError, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import type { Accepted } from '../trust/accepted';

/** Every receipt, policy or measurements file is smaller. A larger file is refused before it is read. */
export const MAX_FILE_BYTES = 128 * 1024;

export type FileContent =
  | { readonly kind: 'receipt'; readonly receipt: unknown }
  /** For `readAccepted`: measurements, a policy, or any other text. */
  | { readonly kind: 'measurements'; readonly text: string };

/** Recognizes the content of a file by its members. The content is not trusted. */
export function contentOf(text: string): FileContent {
  let json: unknown;
  try {
    json = decodeJson(new TextEncoder().encode(text));
  } catch {
    return { kind: 'measurements', text };
  }
  if (typeof json !== 'object' || json === null || !('receipt' in json)) return { kind: 'measurements', text };
  // A receipt by itself, or in the output of GET /api/messages/<id> or `status --json`
  const inner = json.receipt;
  return { kind: 'receipt', receipt: typeof inner === 'object' ? inner : json };
}

export type ReceiptVerdict =
  | { readonly kind: 'good'; readonly verified: VerifiedReceipt; readonly demo: boolean }
  | { readonly kind: 'bad'; readonly error: ReceiptError };

/**
 * Verifies a receipt under the AWS root. If its document has another root and a demo was examined, verifies it under the
 * demo's root.
 */
export async function examineReceipt(
  receipt: unknown,
  accepted: Accepted,
  demoRoot: TrustAnchor | undefined,
): Promise<ReceiptVerdict> {
  const under = async (trustAnchor: TrustAnchor | undefined): Promise<VerifiedReceipt> =>
    verifyReceipt(receipt, {
      verifyEnclave,
      acceptedMeasurements: accepted,
      ...messageNamedBy(receipt),
      ...(trustAnchor && { trustAnchor }),
    });
  try {
    return { kind: 'good', verified: await under(undefined), demo: false };
  } catch (error) {
    if (!(error instanceof ReceiptError)) throw error;
    if (demoRoot === undefined || !isForeignRoot(error)) return { kind: 'bad', error };
  }
  try {
    return { kind: 'good', verified: await under(demoRoot), demo: true };
  } catch (error) {
    if (!(error instanceof ReceiptError)) throw error;
    return { kind: 'bad', error };
  }
}

function isForeignRoot({ cause }: ReceiptError): boolean {
  return cause instanceof AttestationError && cause.code === 'ERR_ATTESTATION_ROOT';
}
