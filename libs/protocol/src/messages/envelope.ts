import * as z from 'zod';
import { base64UrlLength, base64UrlText } from '../encoding/base64-text';
import { bytesOf } from '../encoding/bytes';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { FIELD_HEX_PATTERN, isFieldElement } from '../encoding/field-element';
import { fromBase64Url, fromHex, toBase64Url, toHex } from '../encoding/text';
import { LIMITS } from '../limits';
import { ProtocolError } from '../problems';
import { describeIssues } from './describe-issues';
import { noteText } from './note-text';
import {
  assertSuite,
  decodeSealedMessage,
  encodeSealedMessage,
  sealedMembersFromJson,
  sealedMembersToJson,
  sealedMessageFromJson,
  sealedMessageMembers,
  sealedMessageToJson,
  type SealedMessage,
  type SealedMessageJson,
} from './sealed-message';

/** The proof of residence that a client posts with a sealed message (docs/residence.md). */
export interface ResidenceProof {
  /** SHA-256 (32 bytes) of the circuit's verification key, which names the circuit. */
  verificationKeySha256: Uint8Array;
  /** SHA-256 (32 bytes) of the status secret. */
  statusSha256: Uint8Array;
  /** The registrar's whole signed note about the root. */
  rootNote: string;
  /** A public input of the proof, a field element. It hides campaign and district from the gateway. */
  claim: Uint8Array;
  /** 6,848 bytes. */
  proof: Uint8Array;
}

/**
 * The envelope that a client posts and the gateway stores and relays. Form 1 is only the sealed message, whose nullifier is null in CBOR
 * and absent in JSON. Form 2 also has a proof of residence. The sealed message's nullifier is then a public input of the proof.
 */
export interface Envelope {
  sealed: SealedMessage;
  residence: ResidenceProof | null;
}

export type ProvenEnvelope = Envelope & { residence: ResidenceProof };

/** The first bytes of form 2: an array of seven items, and the number 2. */
const FORM_2 = [0x87, 2] as const;
const SHA256_BYTES = 32;

const fieldElement = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && isFieldElement(value),
  'a field element',
);
const rootNote = noteText(LIMITS.maxRootNoteBytes);

const wireSchema = z.tuple([
  z.literal(2),
  bytesOf(SHA256_BYTES),
  bytesOf(SHA256_BYTES),
  rootNote,
  fieldElement,
  bytesOf(LIMITS.proofBytes),
  z.instanceof(Uint8Array),
]);

/**
 * Returns form 1 (the bytes of `encodeSealedMessage`) or form 2 (the canonical CBOR array `[2, verification key SHA-256, status SHA-256,
 * root note, claim, proof, form 1 bytes of the sealed message]`).
 * @throws ProtocolError `malformed_body`: a nullifier without a proof, or a proof without a nullifier
 */
export function encodeEnvelope({ sealed, residence }: Envelope): Uint8Array {
  checkNullifier(sealed, residence !== null);
  const inner = encodeSealedMessage(sealed);
  if (residence === null) return inner;
  const { verificationKeySha256, statusSha256, rootNote: note, claim, proof } = residence;
  return encodeCanonical([2, verificationKeySha256, statusSha256, note, claim, proof, inner]);
}

/**
 * Reads both forms. Accepts only canonical bytes, so that `encodeEnvelope` returns the same bytes.
 * @throws ProtocolError `body_too_large` | `malformed_body` | `suite_unsupported`
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  return isProvenEnvelope(bytes) ? decodeProven(bytes) : withoutProof(decodeSealedMessage(bytes));
}

/** Whether bytes begin like form 2. */
export function isProvenEnvelope(bytes: Uint8Array): boolean {
  return FORM_2.every((byte, at) => bytes[at] === byte);
}

function decodeProven(bytes: Uint8Array): ProvenEnvelope {
  const parsed = wireSchema.safeParse(decodeStrict(bytes, LIMITS.maxEnvelopeBytes));
  if (!parsed.success) throw new ProtocolError('malformed_body', describeIssues(parsed.error));
  const [, verificationKeySha256, statusSha256, note, claim, proof, inner] = parsed.data;
  const sealed = decodeSealedMessage(inner);
  checkNullifier(sealed, true);
  return { sealed, residence: { verificationKeySha256, statusSha256, rootNote: note, claim, proof } };
}

function withoutProof(sealed: SealedMessage): Envelope {
  checkNullifier(sealed, false);
  return { sealed, residence: null };
}

function checkNullifier({ nullifier }: SealedMessage, isProven: boolean): void {
  if (isProven ? nullifier === null || !isFieldElement(nullifier) : nullifier !== null)
    throw new ProtocolError('malformed_body', 'nullifier: null without a proof, a field element with one');
}

const fieldText = (description: string) =>
  z
    .string()
    .regex(FIELD_HEX_PATTERN)
    .refine((hex) => FIELD_HEX_PATTERN.test(hex) && isFieldElement(fromHex(hex)))
    .meta({ description: `${description} A field element: 32 bytes, big-endian, below the modulus of BN254, in hex.` });

const PROOF_CHARACTERS = base64UrlLength(LIMITS.proofBytes);
/** Checks only the length, because a pattern for such a long text is slow. `fromBase64Url` reads the text strictly afterwards. */
const proofText = z
  .string()
  .refine((text) => text.length === PROOF_CHARACTERS)
  .meta({
    description: `The proof (${LIMITS.proofBytes.toLocaleString('en-US')} bytes), in base64url.`,
    minLength: PROOF_CHARACTERS,
    maxLength: PROOF_CHARACTERS,
    contentEncoding: 'base64url',
  });

/** The JSON form with a proof: the members of a sealed message, `version` 2, and `residence`. Field elements are in hex. */
export const provenMessageJsonSchema = z
  .strictObject({
    version: z.literal(2),
    ...sealedMessageMembers,
    nullifier: fieldText('One value for each person and campaign.'),
    residence: z.strictObject({
      verificationKeySha256: base64UrlText(SHA256_BYTES).meta({
        description: "SHA-256 of the circuit's verification key.",
      }),
      statusSha256: base64UrlText(SHA256_BYTES).meta({ description: 'SHA-256 of the status secret (32 bytes).' }),
      rootNote: rootNote.meta({
        maxLength: LIMITS.maxRootNoteBytes,
        description: `The registrar's signed note about the root: at most ${LIMITS.maxRootNoteBytes} bytes of UTF-8.`,
      }),
      claim: fieldText('Hides campaign and district; only the enclave opens it.'),
      proof: proofText,
    }),
  })
  .meta({
    id: 'ProvenMessage',
    description:
      'A sealed message with a proof that its sender is registered in a district. Bytes are in base64url without padding, field elements in hex.',
  });
export type ProvenMessageJson = z.infer<typeof provenMessageJsonSchema>;

export type EnvelopeJson = SealedMessageJson | ProvenMessageJson;

/** @throws ProtocolError `malformed_body`: a nullifier without a proof, or a proof without a nullifier */
export function envelopeToJson({ sealed, residence }: Envelope): EnvelopeJson {
  if (residence === null) return sealedMessageToJson(sealed);
  if (sealed.nullifier === null || ![sealed.nullifier, residence.claim].every(isFieldElement))
    throw new ProtocolError('malformed_body', 'with a proof, nullifier and claim must be field elements');
  return {
    version: 2,
    ...sealedMembersToJson(sealed),
    nullifier: toHex(sealed.nullifier),
    residence: {
      verificationKeySha256: toBase64Url(residence.verificationKeySha256),
      statusSha256: toBase64Url(residence.statusSha256),
      rootNote: residence.rootNote,
      claim: toHex(residence.claim),
      proof: toBase64Url(residence.proof),
    },
  };
}

/** @throws ProtocolError `malformed_body` | `suite_unsupported` */
export function envelopeFromJson(value: unknown): Envelope {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 2)
    return { sealed: sealedMessageFromJson(value), residence: null };
  assertSuite(value);
  const parsed = provenMessageJsonSchema.safeParse(value);
  if (!parsed.success) throw new ProtocolError('malformed_body', describeIssues(parsed.error));
  const { residence, nullifier } = parsed.data;
  return {
    sealed: sealedMembersFromJson(parsed.data, fromHex(nullifier)),
    residence: {
      verificationKeySha256: fromBase64Url(residence.verificationKeySha256),
      statusSha256: fromBase64Url(residence.statusSha256),
      rootNote: residence.rootNote,
      claim: fromHex(residence.claim),
      proof: fromBase64Url(residence.proof),
    },
  };
}
