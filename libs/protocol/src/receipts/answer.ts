import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { ProtocolError } from '../problems';
import { LIMITS } from '../limits';
import { hasOfficeForm } from '../congress/chambers';
import { bytesOf, bytesUpTo } from '../encoding/bytes';
import { textUpTo } from '../encoding/characters';
import { OUTCOMES } from './receipt';

/**
 * The enclave's answer, which only the sender can open: a canonical CBOR map, padded and sealed with a key that comes from the key
 * exchange of the message.
 */
export const answerSchema = z.strictObject({
  version: z.literal(1),
  messageId: bytesOf(16),
  /** Unix seconds. */
  time: z.int().min(0),
  /** In the message's order, which the receipt does not keep. `salt` and `office` open one commitment of the receipt. */
  offices: z.array(
    z.strictObject({
      office: z.string().refine(hasOfficeForm),
      salt: bytesOf(32),
      outcome: z.enum(OUTCOMES),
      deliveryId: z
        .string()
        .regex(/^[0-9A-Za-z]{32}$/)
        .nullable(),
      /** `reason`: a stable code, for every outcome except accepted. `detail`: the chamber's own text about a refusal, shortened. */
      reason: textUpTo(100).nullable(),
      detail: textUpTo(500).nullable(),
    }),
  ),
  /** The faults of the message itself. If there are any, every office has the outcome refused. */
  problems: z.array(z.strictObject({ pointer: z.string(), code: z.string(), message: z.string() })),
});
export type Answer = z.infer<typeof answerSchema>;

export function encodeAnswer(answer: Answer): Uint8Array {
  return encodeCanonical(answer);
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeAnswer(opened: Uint8Array): Answer {
  const parsed = answerSchema.safeParse(decodeStrict(opened, LIMITS.maxRelayAnswerBytes));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'not an answer');
  return parsed.data;
}

/** The sealed form of an answer. In CBOR it is `[1, nonce (24 bytes), ciphertext]`, canonical. */
export interface SealedAnswer {
  nonce: Uint8Array;
  ciphertext: Uint8Array;
}

const sealedAnswerSchema = z.tuple([z.literal(1), bytesOf(24), bytesUpTo(LIMITS.maxRelayAnswerBytes)]);

export function encodeSealedAnswer(answer: SealedAnswer): Uint8Array {
  return encodeCanonical([1, answer.nonce, answer.ciphertext]);
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeSealedAnswer(encoded: Uint8Array): SealedAnswer {
  const parsed = sealedAnswerSchema.safeParse(decodeStrict(encoded, LIMITS.maxRelayAnswerBytes));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'not a sealed answer');
  return { nonce: parsed.data[1], ciphertext: parsed.data[2] };
}
