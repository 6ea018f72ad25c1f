// Changes good messages into messages that a checker must refuse. The list is the same in every run.
import {
  encodeCanonical,
  encodeEnvelope,
  encodeSealedMessage,
  type ResidenceProof,
  type SealedMessage,
} from '@communique-tee/protocol';
import { formatVerifierKey, signNote } from '@communique-tee/transparency';
import { FIELD_BYTES, FIELD_MODULUS, fieldToBigInt, fieldToHex } from '../field';
import { PUBLIC_INPUTS } from '../statement';
import { badProofs } from './bad-proofs';
import { committedProof, committedProofs, type CommittedProof } from './committed-proofs';
import { bytesFromText, fieldFromText, TEST_NOW_SECONDS, TEST_REGISTRAR } from './from-text';
import { rootNote, rootNotes, testTree } from './people';

/** Why a message is refused. Gateway and enclave have a code for each reason. */
export type BadReason =
  /** The bytes are not an envelope: a size, a number or the form is wrong. */
  | 'malformed'
  /** The verification key is not the circuit's. */
  | 'circuit'
  /** The registrar did not sign the root note, or it is not valid now, is valid for too long, or ends before the message. */
  | 'root'
  /** The proof does not verify for these public inputs. */
  | 'proof'
  /** The proof verifies, but the sealed content contradicts it. Only the enclave can see that. */
  | 'content';

export interface BadEnvelope {
  name: string;
  reason: BadReason;
  /** The bytes that a client posts and the gateway relays. The checker's clock has to show {@link TEST_NOW_SECONDS}. */
  bytes: Uint8Array;
}

/** Yields more than 200 envelopes. In those with the reason `content`, everything that the gateway sees is good. */
export function* badEnvelopes(): Generator<BadEnvelope> {
  const [good, other] = [committedProof('ada roads'), committedProof('ben schools')] as const;
  yield* badProofBytes([good, other, committedProof('kim roads, after the move')]);
  yield* replayed(good, other);
  yield* otherCircuits(good);
  yield* badRoots(good);
  yield* malformed(good);
  for (const { name, isHonest, envelope } of committedProofs())
    if (!isHonest) yield { name, reason: 'content', bytes: encodeEnvelope(envelope) };
}

type Change = Partial<ResidenceProof> & { sealed?: Partial<SealedMessage> };

function changed({ envelope }: CommittedProof, { sealed, ...residence }: Change): Uint8Array {
  return encodeEnvelope({
    sealed: { ...envelope.sealed, ...sealed },
    residence: { ...envelope.residence, ...residence },
  });
}

/** Yields envelopes in which only the bytes of the proof are bad. */
function* badProofBytes(goods: readonly CommittedProof[]): Generator<BadEnvelope> {
  for (const { name, proof, publicInputs, isWellFormed } of badProofs(goods)) {
    const good = goods.find(({ publicInputs: own }) => PUBLIC_INPUTS.every((each) => own[each] === publicInputs[each]));
    if (good !== undefined && isWellFormed) yield { name, reason: 'proof', bytes: changed(good, { proof }) };
  }
}

/** Yields a good proof with another message, campaign, person, root or status secret than the proof states. */
function* replayed(good: CommittedProof, other: CommittedProof): Generator<BadEnvelope> {
  const { sealed } = good;
  const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
  const parts: Record<string, Change> = {
    'the sealed message of another': { sealed: { ...other.sealed, nullifier: sealed.nullifier } },
    'the sealed message and nullifier of another': { sealed: other.sealed },
    'another message of the same person and campaign': { sealed: committedProof('ada roads, another message').sealed },
    "the same person's message of another campaign": { sealed: committedProof('ada schools').sealed },
    'the nullifier of the same person in another campaign': {
      sealed: { nullifier: committedProof('ada schools').publicInputs.nullifier },
    },
    'the nullifier of another': { sealed: { nullifier: other.publicInputs.nullifier } },
    'a nullifier of 0': { sealed: { nullifier: new Uint8Array(FIELD_BYTES) } },
    'a random nullifier': { sealed: { nullifier: fieldFromText('nullifier') } },
    'the claim as nullifier and the nullifier as claim': {
      sealed: { nullifier: good.publicInputs.claim },
      claim: good.publicInputs.nullifier,
    },
    'the claim of another': { claim: other.publicInputs.claim },
    'the claim of the same person in another campaign': { claim: committedProof('ada schools').publicInputs.claim },
    'a claim of 0': { claim: new Uint8Array(FIELD_BYTES) },
    'a random claim': { claim: fieldFromText('claim') },
    'the status hash of another': { statusSha256: other.statusSha256 },
    'a status hash of a secret of its own': { statusSha256: bytesFromText('the thief') },
    'the proof of another': { proof: other.proof },
    'proof, claim and status hash of another': {
      proof: other.proof,
      claim: other.publicInputs.claim,
      statusSha256: other.statusSha256,
    },
    'the root of another publication': { rootNote: rootNote('after') },
    'another message id': { sealed: { messageId: flipped(sealed.messageId) } },
    'a later expiry': { sealed: { expiresAtSeconds: sealed.expiresAtSeconds + 1 } },
    'an earlier expiry': { sealed: { expiresAtSeconds: sealed.expiresAtSeconds - 3600 } },
    'another encapsulated key': { sealed: { encapsulatedKey: flipped(sealed.encapsulatedKey) } },
    'another nonce': { sealed: { nonce: flipped(sealed.nonce) } },
    'another ciphertext': { sealed: { ciphertext: flipped(sealed.ciphertext) } },
    'another status hash by one bit': { statusSha256: flipped(good.statusSha256) },
  };
  for (const [name, change] of Object.entries(parts))
    yield { name: `${good.name}: with ${name}`, reason: 'proof', bytes: changed(good, change) };
}

function* otherCircuits(good: CommittedProof): Generator<BadEnvelope> {
  const own = good.envelope.residence.verificationKeySha256;
  const hashes = {
    zeros: new Uint8Array(32),
    random: bytesFromText('other circuit'),
    flipped: own.with(31, (own[31] ?? 0) ^ 1),
  };
  for (const [name, verificationKeySha256] of Object.entries(hashes))
    yield {
      name: `${good.name}: with the verification key's hash ${name}`,
      reason: 'circuit',
      bytes: changed(good, { verificationKeySha256 }),
    };
}

function* badRoots(good: CommittedProof): Generator<BadEnvelope> {
  const note = good.rootNote;
  const [key] = TEST_REGISTRAR.signingKeys;
  const [body = '', signature = ''] = note.split('\n\n');
  const root = fieldToHex(testTree('before').root);
  const day = 86_400;
  const window = (from: number, to: number): string =>
    `${body.split('\n').slice(0, 3).join('\n')}\n${TEST_NOW_SECONDS + from}\n${TEST_NOW_SECONDS + to}\n1501\n`;
  const notes = {
    'signed by a foreign key': rootNotes.byForeignKey(),
    'that ended': rootNotes.ended(),
    'that begins later': rootNotes.notYet(),
    'that ends before the message': rootNotes.endsSoon(),
    'valid for a second more than 14 days': signNote(window(-day, 13 * day + 1), key),
    'valid for a year': signNote(window(-day, 364 * day), key),
    'that ends before it begins': signNote(window(day, -day), key),
    'of another registrar': signNote(`${body}\n`.replace(TEST_REGISTRAR.id, 'other-registrar'), key),
    'about a campaign': signNote(`${body}\n`.replace('residence root v1', 'campaign v1'), key),
    'of another version': signNote(`${body}\n`.replace('root v1', 'root v2'), key),
    'with a line more': signNote(`${body}\nmore\n`, key),
    'with the root in upper case': signNote(`${body}\n`.replace(root, root.toUpperCase()), key),
    'with the root plus the modulus': signNote(
      `${body}\n`.replace(root, (BigInt(`0x${root}`) + FIELD_MODULUS).toString(16).padStart(64, '0')),
      key,
    ),
    'whose root was exchanged': `${body.replace(root, fieldToHex(fieldFromText('root')))}\n\n${signature}`,
    'whose end was moved': `${body.replace(/[0-9]+\n([0-9]+)$/, '$1\n$1')}\n\n${signature}`,
    'without a signature': `${body}\n`,
    'with a damaged signature': note.replace(/.{4}=?\n$/, 'AAA=\n'),
    'with its signature twice': `${note}${signature}`,
    'with trailing bytes': `${note}more`,
    'without its last newline': note.slice(0, -1),
    'that is a verifier key': formatVerifierKey(key),
  };
  for (const [name, text] of Object.entries(notes))
    yield { name: `${good.name}: with a root note ${name}`, reason: 'root', bytes: changed(good, { rootNote: text }) };
}

/** Yields bytes that our client libraries cannot produce. */
function* malformed(good: CommittedProof): Generator<BadEnvelope> {
  const { verificationKeySha256, statusSha256, claim, proof } = good.envelope.residence;
  const items: unknown[] = [2, verificationKeySha256, statusSha256, good.rootNote, claim, proof, good.sealedBytes];
  const nullifier = good.publicInputs.nullifier;
  const plusModulus = (field: Uint8Array): Uint8Array => bytesOf(fieldToBigInt(field) + FIELD_MODULUS);
  const sealedWith = (change: Partial<SealedMessage>): Uint8Array => encodeSealedMessage({ ...good.sealed, ...change });
  const whole = encodeCanonical(items);
  const variants: Record<string, Uint8Array> = {
    'a claim plus the modulus': encodeCanonical(items.with(4, plusModulus(claim))),
    'a claim of 31 bytes': encodeCanonical(items.with(4, claim.slice(1))),
    'a claim of 33 bytes': encodeCanonical(items.with(4, Uint8Array.of(0, ...claim))),
    'a nullifier plus the modulus': encodeCanonical(items.with(6, sealedWith({ nullifier: plusModulus(nullifier) }))),
    'no nullifier': encodeCanonical(items.with(6, sealedWith({ nullifier: null }))),
    'an empty proof': encodeCanonical(items.with(5, new Uint8Array())),
    'a proof cut by a byte': encodeCanonical(items.with(5, proof.slice(0, -1))),
    'a proof cut by an element': encodeCanonical(items.with(5, proof.slice(0, -32))),
    'a proof longer by a byte': encodeCanonical(items.with(5, Uint8Array.of(...proof, 0))),
    'a proof longer by an element': encodeCanonical(items.with(5, Uint8Array.of(...proof, ...new Uint8Array(32)))),
    'a proof twice': encodeCanonical(items.with(5, Uint8Array.of(...proof, ...proof))),
    'a verification key hash of 31 bytes': encodeCanonical(items.with(1, verificationKeySha256.slice(1))),
    'a status hash of 31 bytes': encodeCanonical(items.with(2, statusSha256.slice(1))),
    'a status hash as text': encodeCanonical(items.with(2, 'status')),
    'an empty root note': encodeCanonical(items.with(3, '')),
    'a root note as bytes': encodeCanonical(items.with(3, new TextEncoder().encode(good.rootNote))),
    'a root note that is too long': encodeCanonical(items.with(3, `${good.rootNote}${'x'.repeat(600)}\n`)),
    'a root note with CRLF': encodeCanonical(items.with(3, good.rootNote.replaceAll('\n', '\r\n'))),
    'an envelope in it': encodeCanonical(items.with(6, whole)),
    'an empty message': encodeCanonical(items.with(6, new Uint8Array())),
    'a message of which a byte is missing': encodeCanonical(items.with(6, good.sealedBytes.slice(0, -1))),
    'form 3': encodeCanonical(items.with(0, 3)),
    'an item missing': encodeCanonical(items.slice(0, -1)),
    'an item more': encodeCanonical([...items, null]),
    'a byte after it': Uint8Array.of(...whole, 0),
    'its last byte missing': whole.slice(0, -1),
    'form 1 with a nullifier': good.sealedBytes,
  };
  for (const [name, bytes] of Object.entries(variants))
    yield { name: `${good.name}: ${name}`, reason: 'malformed', bytes };
}

/** Returns 32 bytes, big-endian. Numbers below 2p fit. */
function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from(
    value
      .toString(16)
      .padStart(2 * FIELD_BYTES, '0')
      .match(/../g) ?? [],
    (hex) => Number.parseInt(hex, 16),
  );
}
