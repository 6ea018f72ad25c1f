// H3, the hash of the statement: one Poseidon2 permutation of width 4 over BN254 (Grassi, Khovratovich, Schofnegger: "Poseidon2",
// IACR ePrint 2023/323; 8 full and 56 partial rounds, x^5), as Barretenberg and Noir compute it.
import { permute } from '@zkpassport/poseidon2';
import { fieldFromAscii, fieldFromBigInt, fieldToBigInt, type Field } from './field';

/**
 * The fourth input of the permutation: a number whose big-endian bytes are an ASCII text. Each use of the hash has its own tag, so that its
 * value cannot pass for the value of another use. The circuit has the same constants.
 */
export const TAGS = {
  /** H3(secret, 0, 0) */
  commitment: tag('communique-tee commitment v1'),
  /** H3(commitment, district, salt) */
  leaf: tag('communique-tee leaf v1'),
  /** H3(left, right, 0) */
  node: tag('communique-tee node v1'),
  /** H3(secret, scope, 0) */
  nullifier: tag('communique-tee nullifier v1'),
  /** H3(secret, scope, 0) */
  delivery: tag('communique-tee delivery v1'),
  /** H3(scope, district, delivery) */
  claimContent: tag('communique-tee claim content v1'),
  /** H3(claim content, blinding, 0) */
  claim: tag('communique-tee claim v1'),
} as const;

export type Tag = (typeof TAGS)[keyof typeof TAGS];

/**
 * Returns lane 0 of the permutation of `[a, b, c, tag]`.
 * @throws ResidenceError `ERR_RESIDENCE_FIELD`
 */
export function h3(a: Field, b: Field, c: Field, tag: Tag): Field {
  return fieldFromBigInt(h3OfNumbers(fieldToBigInt(a), fieldToBigInt(b), fieldToBigInt(c), tag));
}

/** A function that computes {@link h3} of numbers from 0 to p - 1. */
export type NumberHash = (a: bigint, b: bigint, c: bigint, tag: Tag) => bigint;

/** Like {@link h3}, for numbers from 0 to p - 1. Takes about 0.15 ms. */
export function h3OfNumbers(a: bigint, b: bigint, c: bigint, tag: Tag): bigint {
  const [lane] = permute([a, b, c, tag]);
  if (lane === undefined) throw new TypeError('the permutation has four lanes');
  return lane;
}

function tag(text: string): bigint {
  return fieldToBigInt(fieldFromAscii(text));
}
