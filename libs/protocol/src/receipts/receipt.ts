import * as z from 'zod';
import { base64UrlText } from '../encoding/base64-text';
import { SUITES, type Suite } from '../messages/sealed-message';
import { MESSAGE_ID_PATTERN } from '../messages/message-id';

/**
 * The outcome of one office's copy. `accepted`: the chamber took the copy. `duplicate`: the chamber reported that it had the copy already.
 * `refused`: the chamber or the enclave refused the copy. Only the sender learns the reason. `unknown`: the enclave sent the copy, and no
 * answer tells whether the office has it; it is not sent again. `pending`: there is no final outcome yet; the office may have the copy.
 */
export const OUTCOMES = ['accepted', 'duplicate', 'refused', 'unknown', 'pending'] as const;
export type Outcome = (typeof OUTCOMES)[number];

const base64Url32 = base64UrlText(32);
const hex48 = z.string().regex(/^[0-9a-f]{96}$/);

export const RECEIPT_TYPE = 'communique-tee-receipt+jws';

/** The claims of a receipt, signed as a JWS (`alg` `Ed25519`, RFC 9864) with `typ` RECEIPT_TYPE. Hashes are SHA-256 in base64url. */
export const receiptClaimsSchema = z.strictObject({
  v: z.literal(2),
  message_id: z.string().regex(MESSAGE_ID_PATTERN),
  /** The hash of the sealed message's CBOR form. */
  sealed_sha256: base64Url32,
  suite: z.enum(Object.keys(SUITES) as [Suite]),
  /**
   * One entry per office. Each `commitment` is salted, and the entries are sorted by it, so that neither value nor order reveals an office.
   */
  offices: z
    .array(z.strictObject({ commitment: base64Url32, outcome: z.enum(OUTCOMES) }))
    .max(8)
    .refine(ascends, 'commitments must ascend'),
  /** Unix seconds by the enclave's clock. */
  time: z.int().min(0),
  pcr0: hex48,
  /** The hash of the attestation document that comes with the receipt. */
  attestation_sha256: base64Url32,
});
export type ReceiptClaims = z.infer<typeof receiptClaimsSchema>;

/** Whether the commitments ascend strictly, compared as text. */
function ascends(offices: readonly { commitment: string }[]): boolean {
  return offices.every(({ commitment }, at) => at === 0 || (offices[at - 1]?.commitment ?? '') < commitment);
}

/** A receipt as people get it: the JWS in compact form, and the attestation document of its key in base64. */
export const receiptSchema = z
  .strictObject({
    receipt: z.string().max(8192).meta({ description: 'A JWS in compact form (`alg` `Ed25519`, RFC 9864).' }),
    attestation_document: z
      .string()
      .max(24_000)
      .regex(/^[A-Za-z0-9+/]+={0,2}$/)
      .meta({ description: 'The attestation document with the key that verifies the signature, in base64.' }),
  })
  .meta({
    id: 'Receipt',
    description:
      "The enclave's signed statement of each office's outcome. Anyone can verify it years later, without the gateway.",
  });
export type Receipt = z.infer<typeof receiptSchema>;
