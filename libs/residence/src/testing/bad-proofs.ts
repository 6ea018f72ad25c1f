// Changes good proofs into proofs that a verifier must refuse. The list is the same in every run: random-looking values are hashes of texts.
import { FIELD_BYTES, FIELD_MODULUS, fieldFromBigInt, fieldToBigInt, isField, type Field } from '../field';
import { PUBLIC_INPUTS, type PublicInputs } from '../statement';
import { bytesFromText, fieldFromText } from './from-text';

export interface BadProof {
  /** States which good proof was changed, and how. */
  name: string;
  /** Field elements if `isWellFormed`. Otherwise an input may have another size, or not be below the modulus. */
  publicInputs: PublicInputs;
  proof: Uint8Array;
  /** Whether all lengths and number ranges are right, so that only the proof system can refuse the proof. */
  isWellFormed: boolean;
}

export interface GoodProof {
  name: string;
  publicInputs: PublicInputs;
  proof: Uint8Array;
}

interface Draft {
  name: string;
  publicInputs: Uint8Array[];
  proof: Uint8Array;
}

/**
 * Yields more than 80 bad proofs for each good one. Each differs from every good one in its statement or its bytes.
 * @param goods two or more proofs of different statements
 */
export function* badProofs(goods: readonly GoodProof[]): Generator<BadProof> {
  for (const [at, good] of goods.entries()) {
    const other = goods[(at + 1) % goods.length];
    if (other === undefined || other === good) throw new RangeError('bad proofs are made of two or more good ones');
    for (const make of [bitFlips, replacedElements, swappedElements, resized, forged, otherPublics, nonCanonical]) {
      for (const draft of make(good, other))
        yield {
          name: `${good.name}: ${draft.name}`,
          publicInputs: named(draft.publicInputs),
          proof: draft.proof,
          isWellFormed: isWellFormed(draft, good.proof.length),
        };
    }
  }
}

const listOf = (inputs: PublicInputs): Field[] => PUBLIC_INPUTS.map((name) => inputs[name]);

function named([root, nullifier, claim, message]: Uint8Array[]): PublicInputs {
  if (!root || !nullifier || !claim || !message) throw new RangeError('there are four public inputs');
  return { root, nullifier, claim, message };
}

function* bitFlips(good: GoodProof): Generator<Draft> {
  for (let n = 0; n < 20; n++) {
    const bit = Math.floor((n * good.proof.length * 8) / 20) + (bytesFromText(`bit ${good.name} ${n}`)[0] ?? 0);
    const proof = good.proof.slice();
    proof[bit >> 3] = (proof[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield { name: `bit ${bit} of the proof flipped`, publicInputs: listOf(good.publicInputs), proof };
  }
}

/** An element of the proof is 32 bytes: a coordinate of a point or a scalar. */
function* replacedElements(good: GoodProof): Generator<Draft> {
  const elements = good.proof.length / FIELD_BYTES;
  for (let n = 0; n < 8; n++) {
    const element =
      16 + Math.floor((n * (elements - 40)) / 8) + ((bytesFromText(`element ${good.name} ${n}`)[0] ?? 0) % 20);
    const value = n % 2 === 0 ? new Uint8Array(FIELD_BYTES) : fieldFromText(`replacement ${good.name} ${n}`);
    const proof = good.proof.slice();
    proof.set(value, element * FIELD_BYTES);
    yield { name: `element ${element} of the proof replaced`, publicInputs: listOf(good.publicInputs), proof };
  }
}

function* swappedElements(good: GoodProof): Generator<Draft> {
  const last = good.proof.length / FIELD_BYTES - 1;
  for (const [a, b] of [
    // The first eight elements are the same in every proof
    [16, 17],
    [16, 18],
    [20, 22],
    [100, 101],
    [last - 1, last],
    [16, last],
  ] as const) {
    const proof = good.proof.slice();
    proof.set(good.proof.subarray(b * FIELD_BYTES, (b + 1) * FIELD_BYTES), a * FIELD_BYTES);
    proof.set(good.proof.subarray(a * FIELD_BYTES, (a + 1) * FIELD_BYTES), b * FIELD_BYTES);
    yield { name: `elements ${a} and ${b} swapped`, publicInputs: listOf(good.publicInputs), proof };
  }
}

function* resized(good: GoodProof): Generator<Draft> {
  const publicInputs = listOf(good.publicInputs);
  const { length } = good.proof;
  for (const size of [0, 1, 31, 32, length / 2, length - 32, length - 1])
    yield { name: `cut to ${size} bytes`, publicInputs, proof: good.proof.slice(0, size) };
  for (const size of [1, 32, 64, length]) {
    const proof = new Uint8Array(length + size);
    proof.set(good.proof);
    yield { name: `extended by ${size} bytes`, publicInputs, proof };
  }
}

/** Yields proofs that a forger can make without a witness. Some attack a verifier that does not check for points at infinity. */
function* forged(good: GoodProof, other: GoodProof): Generator<Draft> {
  const publicInputs = listOf(good.publicInputs);
  const elements = good.proof.length / FIELD_BYTES;
  const filled = (element: (at: number) => Uint8Array): Uint8Array => {
    const proof = new Uint8Array(good.proof.length);
    for (let at = 0; at < elements; at++) proof.set(element(at), at * FIELD_BYTES);
    return proof;
  };
  yield { name: 'a proof of zeros', publicInputs, proof: new Uint8Array(good.proof.length) };
  yield { name: 'a proof of ones', publicInputs, proof: new Uint8Array(good.proof.length).fill(255) };
  yield { name: 'random numbers', publicInputs, proof: filled((at) => fieldFromText(`random ${good.name} ${at}`)) };
  yield { name: 'random bytes', publicInputs, proof: filled((at) => bytesFromText(`random ${good.name} ${at}`)) };
  yield { name: 'every point the generator', publicInputs, proof: filled((at) => fieldFromBigInt(at % 2 ? 2n : 1n)) };
  yield { name: "another statement's proof", publicInputs, proof: other.proof };
  const half = Math.floor(elements / 2) * FIELD_BYTES;
  for (const at of [0, half]) {
    const proof = good.proof.slice();
    proof.set(other.proof.subarray(at, at + half), at);
    yield { name: `half of it of another statement's, from byte ${at}`, publicInputs, proof };
  }
}

/** Yields good proofs with public inputs that they do not prove. */
function* otherPublics(good: GoodProof, other: GoodProof): Generator<Draft> {
  const { proof } = good;
  const own = listOf(good.publicInputs);
  for (const [at, name] of PUBLIC_INPUTS.entries()) {
    const replaced = { zero: new Uint8Array(FIELD_BYTES), random: fieldFromText(`${name} of ${good.name}`) };
    for (const [how, value] of Object.entries(replaced))
      yield { name: `${name} replaced by ${how}`, publicInputs: own.with(at, value), proof };
    const next = fieldFromBigInt((fieldToBigInt(own[at] ?? new Uint8Array(FIELD_BYTES)) + 1n) % FIELD_MODULUS);
    yield { name: `${name} plus 1`, publicInputs: own.with(at, next), proof };
    const others = listOf(other.publicInputs)[at];
    // Two statements may share a root
    if (others?.some((byte, n) => byte !== own[at]?.[n]))
      yield { name: `${name} of another statement`, publicInputs: own.with(at, others), proof };
    for (let b = at + 1; b < PUBLIC_INPUTS.length; b++)
      yield {
        name: `${name} and ${PUBLIC_INPUTS[b] ?? ''} swapped`,
        publicInputs: own.map((value, n) => (n === at ? own[b] : n === b ? own[at] : value) ?? value),
        proof,
      };
  }
  yield { name: 'every public input of another statement', publicInputs: listOf(other.publicInputs), proof };
  yield { name: 'the public inputs in reverse', publicInputs: own.toReversed(), proof };
}

/** Yields the same numbers in encodings that are not canonical. */
function* nonCanonical(good: GoodProof): Generator<Draft> {
  const { proof } = good;
  const own = listOf(good.publicInputs);
  for (const [at, name] of PUBLIC_INPUTS.entries())
    yield { name: `${name} plus the modulus`, publicInputs: own.with(at, plusModulus(own[at])), proof };
  yield { name: 'a public input of 31 bytes', publicInputs: own.with(1, (own[1] ?? new Uint8Array()).slice(1)), proof };
  yield { name: 'a public input of 33 bytes', publicInputs: own.with(1, Uint8Array.of(0, ...(own[1] ?? []))), proof };
  const shifted = proof.slice();
  const scalar = proof.length - 5 * FIELD_BYTES;
  shifted.set(plusModulus(proof.subarray(scalar, scalar + FIELD_BYTES)), scalar);
  yield { name: 'an element of the proof plus the modulus', publicInputs: own, proof: shifted };
}

/** Returns field + p, which fits into 32 bytes because 2p is below 2^256. */
function plusModulus(field: Uint8Array | undefined): Uint8Array {
  let sum = FIELD_MODULUS;
  for (const byte of (field ?? new Uint8Array()).toReversed().entries()) sum += BigInt(byte[1]) << BigInt(8 * byte[0]);
  const bytes = new Uint8Array(FIELD_BYTES);
  for (let at = FIELD_BYTES - 1; at >= 0; at--, sum >>= 8n) bytes[at] = Number(sum & 255n);
  return bytes;
}

function isWellFormed({ publicInputs, proof }: Draft, proofBytes: number): boolean {
  return proof.length === proofBytes && publicInputs.every(isField);
}
