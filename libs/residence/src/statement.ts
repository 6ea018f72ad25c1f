// The values that a proof of residence proves, each with its formula (docs/residence.md). The circuit computes the same values;
// circuit.spec.ts compares them.
import { encodeCanonical, RESIDENCE_ID_PATTERN } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { districtToField } from './district';
import { ResidenceError } from './errors';
import { checkField, fieldFromBigInt, fieldFromHash, fieldToBigInt, ZERO_FIELD, type Field } from './field';
import { h3, h3OfNumbers, TAGS, type NumberHash } from './poseidon2';

/** In the circuit's order. */
export const PUBLIC_INPUTS = ['root', 'nullifier', 'claim', 'message'] as const;
export type PublicInputs = Record<(typeof PUBLIC_INPUTS)[number], Field>;

const SCOPE_DOMAIN = 'communique-tee scope v1';
const MESSAGE_DOMAIN = new TextEncoder().encode('communique-tee proven message v1');

/**
 * Returns what the person gives to the registrar: H3(secret, 0, 0), 32 bytes.
 * @throws ResidenceError `ERR_RESIDENCE_FIELD` | `ERR_RESIDENCE_ZERO_SECRET`
 */
export function commitmentOf(secret: Field): Field {
  if (secret.every((byte) => byte === 0)) throw zeroSecret('the secret is 0');
  return h3(secret, ZERO_FIELD, ZERO_FIELD, TAGS.commitment);
}

/** The commitment of the secret 0. A registrar must refuse it, because anyone could prove with it. */
const ZERO_COMMITMENT = h3(ZERO_FIELD, ZERO_FIELD, ZERO_FIELD, TAGS.commitment);

/**
 * Returns the commitment if a registrar may enter it into the tree: a field element that is neither 0 nor the commitment of the secret 0.
 * @throws ResidenceError `ERR_RESIDENCE_FIELD` | `ERR_RESIDENCE_ZERO_SECRET`
 */
export function checkCommitment(commitment: Field): Field {
  const refused = [ZERO_FIELD, ZERO_COMMITMENT];
  if (refused.some((each) => each.every((byte, at) => byte === commitment[at])))
    throw zeroSecret('a commitment that anyone can open');
  return checkField(commitment);
}

export interface LeafInput {
  commitment: Field;
  district: string;
  salt: Field;
}

/**
 * Returns a person's entry in the registrar's tree: H3(commitment, district, salt).
 * @throws ResidenceError the codes of {@link checkCommitment}, `ERR_RESIDENCE_DISTRICT`
 */
export function leafOf({ commitment, district, salt }: LeafInput, hash: NumberHash = h3OfNumbers): Field {
  const person = fieldToBigInt(checkCommitment(commitment));
  return fieldFromBigInt(hash(person, fieldToBigInt(districtToField(district)), fieldToBigInt(salt), TAGS.leaf));
}

/**
 * Returns the scope in which a person may send one message: the hash of the ids of registrar and campaign. The scope contains no key and no
 * district, so a new key of the registrar or a move allows no second message.
 * @throws ResidenceError `ERR_RESIDENCE_ID`
 */
export function scopeOf(registrar: string, campaign: string): Field {
  return fieldFromHash(sha256(encodeCanonical([SCOPE_DOMAIN, checkId(registrar), checkId(campaign)])));
}

/** @throws ResidenceError `ERR_RESIDENCE_ID` */
export function checkId(id: string): string {
  if (!RESIDENCE_ID_PATTERN.test(id))
    throw new ResidenceError('ERR_RESIDENCE_ID', 'an id is 1 to 64 of a-z, 0-9 and -');
  return id;
}

/** Returns a public value that is the same for every message of a person in a scope: H3(secret, scope, 0). */
export function nullifierOf(secret: Field, scope: Field): Field {
  return h3(secret, scope, ZERO_FIELD, TAGS.nullifier);
}

/** Returns a value that only the enclave sees. It is the same for all messages of a person in a scope: H3(secret, scope, 0) with its own tag. */
export function deliveryOf(secret: Field, scope: Field): Field {
  return h3(secret, scope, ZERO_FIELD, TAGS.delivery);
}

/** Returns a public value that hides campaign and district: H3(H3(scope, district, delivery), blinding, 0). */
export function claimOf(of: { scope: Field; district: string; delivery: Field; blinding: Field }): Field {
  const content = h3(of.scope, districtToField(of.district), of.delivery, TAGS.claimContent);
  return h3(content, of.blinding, ZERO_FIELD, TAGS.claim);
}

/**
 * Returns the public input that binds a proof to one sealed message and to its status secret: the first 31 bytes of
 * SHA-256(domain ‖ SHA-256(status secret) ‖ sealed message).
 * @param statusSha256 32 bytes
 * @param sealed the sealed message in form 1 (docs/message.md)
 */
export function messageInput(statusSha256: Uint8Array, sealed: Uint8Array): Field {
  if (statusSha256.length !== 32) throw new RangeError('the hash of a status secret has 32 bytes');
  return fieldFromHash(sha256.create().update(MESSAGE_DOMAIN).update(statusSha256).update(sealed).digest());
}

function zeroSecret(what: string): ResidenceError {
  return new ResidenceError('ERR_RESIDENCE_ZERO_SECRET', what);
}
