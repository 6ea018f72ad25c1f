import { fromBase64, fromHex, toBase64, toHex } from '@communique-tee/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { NoteError } from './errors';
import { isKeyName, type SigningKey, type VerifierKey } from './note-keys';
import { checkSignature, SIGNATURE_BYTES, type SignatureCheck } from './signature-check';

/** Each signature line begins with an em dash (U+2014) and a space. */
const DASH = '\u2014 ';
/** C2SP requires that verifiers read at least 16 signatures. */
const MAX_SIGNATURE_LINES = 100;
const MAX_NOTE_CHARACTERS = 262_144;

export interface OpenedNote {
  /** The signed text, with its final newline. */
  body: string;
  /** Of the given keys, the one whose signature comes first in the note. */
  key: VerifierKey;
}

interface SignatureLine {
  name: string;
  keyId: string;
  signature: Uint8Array;
}

/**
 * Verifies a signed note (https://c2sp.org/signed-note) under the given keys. Lines of other keys are ignored. Where C2SP leaves a choice,
 * this function is strict. It refuses a note with a wrong signature of a given key, two signatures of one key, or a line of text that
 * begins like a signature.
 * @param check verifies one signature; all implementations decide the same
 * @throws NoteError `ERR_NOTE_MALFORMED`, `ERR_NOTE_SIGNATURE`, `ERR_NOTE_UNKNOWN_KEY`
 */
export function openNote(
  text: string,
  keys: readonly VerifierKey[],
  check: SignatureCheck = checkSignature,
): OpenedNote {
  const { body, lines } = splitNote(text);
  const bytes = new TextEncoder().encode(body);
  let opened: VerifierKey | undefined;
  for (const line of lines) {
    const key = keys.find(({ name, keyId }) => name === line.name && keyId === line.keyId);
    if (!key) continue;
    if (!check(line.signature, bytes, key)) {
      throw new NoteError('ERR_NOTE_SIGNATURE', 'A signature of a known key does not verify.');
    }
    opened ??= key;
  }
  if (!opened) throw new NoteError('ERR_NOTE_UNKNOWN_KEY', 'The note has no signature of a known key.');
  return { body, key: opened };
}

/**
 * Returns the note of this text with a signature of each key, in the order of the keys.
 * @param body must end with a newline, must contain no other character below U+0020, and no line that begins like a signature
 * @throws NoteError `ERR_NOTE_MALFORMED`
 */
export function signNote(body: string, ...keys: readonly SigningKey[]): string {
  const bytes = new TextEncoder().encode(body);
  const lines = keys.map((key) => {
    const signature = ed25519.sign(bytes, key.seed);
    const content = new Uint8Array(4 + SIGNATURE_BYTES);
    content.set(fromHex(key.keyId));
    content.set(signature, 4);
    return `${DASH}${key.name} ${toBase64(content)}\n`;
  });
  const text = `${body}\n${lines.join('')}`;
  // Refuses to return a note that `openNote` refuses
  if (openNote(text, keys).body !== body) throw malformed();
  return text;
}

function splitNote(text: string): { body: string; lines: SignatureLine[] } {
  if (text.length > MAX_NOTE_CHARACTERS || !text.isWellFormed() || !text.endsWith('\n') || hasControlCharacter(text)) {
    throw malformed();
  }
  const end = text.lastIndexOf('\n\n');
  if (end < 0) throw malformed();
  const body = text.slice(0, end + 1);
  if (body.split('\n').some((line) => line.startsWith(DASH))) throw malformed();
  const lines = text.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURE_LINES) throw malformed();
  const read = lines.map(readSignatureLine);
  const signers = new Set(read.map(({ name, keyId }) => `${name}+${keyId}`));
  if (signers.size !== read.length) throw malformed();
  return { body, lines: read };
}

function readSignatureLine(line: string): SignatureLine {
  if (!line.startsWith(DASH)) throw malformed();
  const [name = '', base64 = '', ...rest] = line.slice(DASH.length).split(' ');
  if (!isKeyName(name) || rest.length > 0) throw malformed();
  const content = decoded(base64);
  // Four bytes of key id and at least one byte of signature
  if (content.length < 5) throw malformed();
  return { name, keyId: toHex(content.subarray(0, 4)), signature: content.subarray(4) };
}

/** Whether a text contains a character below U+0020 other than the newline. */
function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}

function decoded(base64: string): Uint8Array {
  try {
    return fromBase64(base64);
  } catch {
    throw malformed();
  }
}

function malformed(): NoteError {
  return new NoteError('ERR_NOTE_MALFORMED', 'This is not a signed note.');
}
