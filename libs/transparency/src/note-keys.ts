import { fromBase64, toBase64, toHex } from '@communique-tee/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { NoteError } from './errors';

/** The signature type of Ed25519 in key ids and key texts (C2SP signed-note, "Signature types"). */
const ED25519 = 0x01;
const KEY_BYTES = 32;
const SIGNING_KEY_PREFIX = 'PRIVATE+KEY+';
/** C2SP forbids Unicode white space, plus signs and control characters. The length is our own limit. */
const NAME = /^[^\p{White_Space}\p{Cc}+]{1,256}$/u;

/** A key that verifies the signatures of notes. */
export interface VerifierKey {
  name: string;
  /** The first 4 bytes of SHA-256(name, newline, 0x01, public key), as 8 lower-case hex digits. */
  keyId: string;
  /** 32 bytes (RFC 8032 section 5.1.5). */
  publicKey: Uint8Array;
}

/** A verifier key with its private key. */
export interface SigningKey extends VerifierKey {
  /** 32 bytes (RFC 8032 section 5.1.5: the private key). */
  seed: Uint8Array;
}

/** Whether the text can name a key in a note: 1 to 256 characters without white space, plus signs and control characters. */
export function isKeyName(name: string): boolean {
  return name.isWellFormed() && NAME.test(name);
}

/**
 * Reads `<name>+<key id, 8 hex digits>+<base64 of 0x01 and the public key>` (C2SP signed-note). Each key has exactly one
 * text: hex is in lower case, and base64 is canonical.
 * @throws NoteError `ERR_NOTE_KEY`, also for a public key that is not a canonical point in the group of prime order
 */
export function parseVerifierKey(text: string): VerifierKey {
  const { name, keyId, bytes } = parseKeyText(text, 'verifier key');
  const key = verifierKeyOf(name, bytes);
  if (key.keyId !== keyId) throw new NoteError('ERR_NOTE_KEY', 'The key id is not that of this name and key.');
  return key;
}

export function formatVerifierKey({ name, keyId, publicKey }: VerifierKey): string {
  return `${name}+${keyId}+${typedBase64(publicKey)}`;
}

/**
 * Reads `PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the seed>`, the form of Go's golang.org/x/mod/sumdb/note.
 * @throws NoteError `ERR_NOTE_KEY`, without any part of the text
 */
export function parseSigningKey(text: string): SigningKey {
  if (!text.startsWith(SIGNING_KEY_PREFIX)) throw new NoteError('ERR_NOTE_KEY', 'This is not a signing key.');
  const { name, keyId, bytes } = parseKeyText(text.slice(SIGNING_KEY_PREFIX.length), 'signing key');
  const key = signingKeyOf(name, bytes);
  if (key.keyId !== keyId) throw new NoteError('ERR_NOTE_KEY', 'The key id is not that of this name and key.');
  return key;
}

export function formatSigningKey({ name, keyId, seed }: SigningKey): string {
  return `${SIGNING_KEY_PREFIX}${name}+${keyId}+${typedBase64(seed)}`;
}

/**
 * Returns the signing key of a 32-byte seed. For a new key, pass 32 random bytes.
 * @throws NoteError `ERR_NOTE_KEY`
 */
export function signingKeyOf(name: string, seed: Uint8Array): SigningKey {
  if (seed.length !== KEY_BYTES) throw new NoteError('ERR_NOTE_KEY', 'A signing key has 32 bytes.');
  return { ...verifierKeyOf(name, ed25519.getPublicKey(seed)), seed };
}

function verifierKeyOf(name: string, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name))
    throw new NoteError('ERR_NOTE_KEY', 'The name of the key is empty, too long or holds a space or plus sign.');
  if (!isUsablePoint(publicKey)) throw new NoteError('ERR_NOTE_KEY', 'The public key is not an Ed25519 key.');
  const hash = sha256
    .create()
    .update(new TextEncoder().encode(`${name}\n`))
    .update(Uint8Array.of(ED25519));
  return { name, keyId: toHex(hash.update(publicKey).digest().subarray(0, 4)), publicKey };
}

/**
 * Whether a public key is canonical and in the group of prime order, as every honest key is. Outside the group, anyone can sign with a key
 * of small order, and verifiers may disagree about signatures of the other keys.
 */
function isUsablePoint(publicKey: Uint8Array): boolean {
  try {
    if (publicKey.length !== KEY_BYTES) return false;
    const point = ed25519.Point.fromBytes(publicKey, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}

function parseKeyText(text: string, what: string): { name: string; keyId: string; bytes: Uint8Array } {
  const [, name, keyId, base64] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = base64 === undefined ? undefined : decoded(base64);
  if (name === undefined || keyId === undefined || bytes?.length !== KEY_BYTES + 1 || bytes[0] !== ED25519) {
    throw new NoteError('ERR_NOTE_KEY', `This is not an Ed25519 ${what} of a signed note.`);
  }
  return { name, keyId, bytes: bytes.subarray(1) };
}

function decoded(base64: string): Uint8Array | undefined {
  try {
    return fromBase64(base64);
  } catch {
    return undefined;
  }
}

function typedBase64(key: Uint8Array): string {
  const typed = new Uint8Array(1 + key.length);
  typed[0] = ED25519;
  typed.set(key, 1);
  return toBase64(typed);
}
