import { fromBase64, fromHex, toBase64 } from '@communique-tee/protocol';
import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import type { NoteErrorCode } from '../errors';
import { formatVerifierKey, signingKeyOf } from '../note-keys';
import { signNote } from '../signed-note';

/** A note, and what every program that verifies it must decide. */
export interface NoteVector {
  title: string;
  note: string;
  /** Texts of verifier keys. */
  keys: string[];
  expected: { body: string; key: string } | { code: NoteErrorCode };
  /** Set if golang.org/x/mod/sumdb/note, which is less strict, accepts a note that we refuse. */
  go?: 'accepts';
}

const BODY = 'communique-tee test\nfirst\nsecond\n';
const REFUSED = { code: 'ERR_NOTE_MALFORMED' } as const;
/** Made-up keys for tests. */
const one = signingKeyOf('test-registrar', new Uint8Array(32).fill(1));
const two = signingKeyOf('test-registrar', new Uint8Array(32).fill(2));
const stranger = signingKeyOf('other.example/witness', new Uint8Array(32).fill(3));
const namesake = signingKeyOf('test-registrar', new Uint8Array(32).fill(4));

const { Point } = ed25519;
type Ed25519Point = typeof Point.ZERO;
const ORDER = Point.Fn.ORDER;
/** Replaces the signature's secret random number. */
const NONCE = 12345n;
const nonce = Point.BASE.multiply(NONCE);
const torsion = Point.fromHex(ED25519_TORSION_SUBGROUP[1] ?? '', true);

/** Returns the content of note-vectors.json. */
export function makeVectors(): NoteVector[] {
  const note = signNote(BODY, one);
  const both = signNote(BODY, one, two);
  const line = linesOf(note);
  const keys = [formatVerifierKey(one), formatVerifierKey(two)];
  const accepted = (title: string, text: string, key = one, body = BODY): NoteVector => {
    return { title, note: text, keys, expected: { body, key: formatVerifierKey(key) } };
  };
  const refused = (title: string, text: string, code: NoteErrorCode = REFUSED.code): NoteVector => {
    return { title, note: text, keys, expected: { code } };
  };
  const laxInGo = (vector: NoteVector): NoteVector => ({ ...vector, go: 'accepts' });
  return [
    accepted('a note signed by one key', note),
    accepted('a note signed by the second key', signNote(BODY, two), two),
    accepted('a note signed by both keys', both),
    accepted('a note with a line of an unknown key', note + linesOf(signNote(BODY, stranger))),
    accepted('a note whose first line is of an unknown key', signNote(BODY, stranger, one)),
    accepted('a note with a line of an unknown key of the same name', signNote(BODY, namesake, one)),
    accepted(
      'a line of an unknown key with a signature of another length',
      `${note}\u2014 long.example ${toBase64(new Uint8Array(900).fill(9))}\n`,
    ),
    accepted('an empty line in the text', signNote('a\n\nb\n', one), one, 'a\n\nb\n'),
    refused('a good line of the second key and a damaged line of the first', damaged(both, 0), 'ERR_NOTE_SIGNATURE'),
    refused('a good line of the first key and a damaged line of the second', damaged(both, 1), 'ERR_NOTE_SIGNATURE'),
    refused("a line under the second key's id with the first key's signature", relabeled(note), 'ERR_NOTE_SIGNATURE'),
    refused('a text that was changed', note.replace('second', 'Second'), 'ERR_NOTE_SIGNATURE'),
    refused('a signature that is one byte too short', resized(note, 67), 'ERR_NOTE_SIGNATURE'),
    refused('a signature that is one byte too long', resized(note, 69), 'ERR_NOTE_SIGNATURE'),
    refused('only a line of an unknown key', signNote(BODY, stranger), 'ERR_NOTE_UNKNOWN_KEY'),
    refused('only a line of an unknown key of the same name', signNote(BODY, namesake), 'ERR_NOTE_UNKNOWN_KEY'),
    refused('the same name in capitals', note.replace('\u2014 test', '\u2014 Test'), 'ERR_NOTE_UNKNOWN_KEY'),
    laxInGo(refused('the same line twice', note + line)),
    laxInGo(refused('the same line of an unknown key twice', note + linesOf(signNote(BODY, stranger)).repeat(2))),
    laxInGo(refused('a damaged line of a key that already signed', note + linesOf(damaged(note, 0)))),
    laxInGo(refused('a line of the text that begins like a signature', forced(`${line}text\n`))),
    refused('CRLF line ends', note.replaceAll('\n', '\r\n')),
    refused('a carriage return after the signature', `${note.slice(0, -1)}\r\n`),
    refused('a tab in the text', forced('a\tb\n')),
    refused('a NUL in the text', forced('a\u0000b\n')),
    refused('bytes after the last line', `${note}x`),
    refused('an empty line after the last line', `${note}\n`),
    refused('no final newline', note.slice(0, -1)),
    refused('no empty line', BODY + line),
    refused('no signature', `${BODY}\n`),
    refused('nothing', ''),
    refused('a hyphen in place of the dash', note.replace('\u2014', '-')),
    refused('no space after the dash', note.replace('\u2014 ', '\u2014')),
    refused('two spaces before the signature', note.replace('registrar ', 'registrar  ')),
    refused('a space after the signature', `${note.slice(0, -1)} \n`),
    refused(
      'base64url in place of base64',
      signatureText(noteWithBase64Signs(), (base64) => base64.replaceAll('+', '-').replaceAll('/', '_')),
    ),
    refused(
      'base64 without its padding',
      signatureText(note, (base64) => base64.replace(/=+$/, '')),
    ),
    laxInGo(refused('unused bits of the base64 set', signatureText(note, unusedBitSet))),
    refused('a key id without a signature', resized(note, 4)),
    refused('101 lines', note + strangers(100)),
    accepted('100 lines', note + strangers(99)),
    // Verifiers of Ed25519 may differ about these signatures (RFC 8032 section 5.1.7). Only the holder of a key can make them.
    refused('a signature that verifies only with the cofactor', withPoint(nonce.add(torsion)), 'ERR_NOTE_SIGNATURE'),
    refused('a signature whose point has small order', withPoint(torsion, 0n), 'ERR_NOTE_SIGNATURE'),
    refused('a signature whose number is not below the order', withPoint(nonce, NONCE + ORDER), 'ERR_NOTE_SIGNATURE'),
    laxInGo(refused('a signature whose point is the neutral one', withPoint(Point.ZERO, 0n), 'ERR_NOTE_SIGNATURE')),
    refused(
      'a signature whose point is the neutral one in another form',
      withPoint(Point.ZERO, 0n, otherFormOfNeutral()),
      'ERR_NOTE_SIGNATURE',
    ),
  ];
}

/** Returns a note with a signature of the first key: this point, and the scalar `number` + hash * secret scalar. */
function withPoint(point: Ed25519Point, number = NONCE, encoded = point.toBytes()): string {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(one.seed);
  const body = new TextEncoder().encode(BODY);
  const hash = numberOf(sha512(Uint8Array.of(...encoded, ...pointBytes, ...body))) % ORDER;
  const reduced = (hash * scalar + (number % ORDER)) % ORDER;
  const content = new Uint8Array(68);
  content.set(fromHex(one.keyId));
  content.set(encoded, 4);
  content.set(littleEndian(number < ORDER ? reduced : reduced + ORDER), 36);
  return `${BODY}\n\u2014 ${one.name} ${toBase64(content)}\n`;
}

/** Returns the neutral point's second coordinate, 1, not reduced: 2^255 - 19 + 1. */
function otherFormOfNeutral(): Uint8Array {
  return littleEndian(2n ** 255n - 18n);
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}

function linesOf(note: string): string {
  return note.slice(note.lastIndexOf('\n\n') + 2);
}

function signatureText(note: string, change: (base64: string) => string): string {
  return note.replace(/[A-Za-z0-9+/=]+\n$/, (base64) => `${change(base64.slice(0, -1))}\n`);
}

/** Returns a note whose signature line contains both characters that base64url replaces. */
function noteWithBase64Signs(): string {
  for (let count = 0; ; count++) {
    const note = signNote(`${BODY}${count}\n`, one);
    if (/\+.*\//.test(linesOf(note))) return note;
  }
}

/** Flips one bit of the signature in one of the signature lines. */
function damaged(note: string, which: number): string {
  const lines = linesOf(note).trimEnd().split('\n');
  const changed = lines.map((line, at) => {
    if (at !== which) return line;
    const [dash, name, base64] = line.split(' ');
    const bytes = fromBase64(base64 ?? '');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    return [dash, name, toBase64(bytes)].join(' ');
  });
  return `${note.slice(0, note.lastIndexOf('\n\n') + 2)}${changed.join('\n')}\n`;
}

function resized(note: string, bytes: number): string {
  return signatureText(note, (base64) => {
    const content = new Uint8Array(bytes);
    content.set(fromBase64(base64).subarray(0, bytes));
    return toBase64(content);
  });
}

function relabeled(note: string): string {
  return signatureText(note, (base64) => {
    const content = fromBase64(base64);
    content.set(fromBase64(/ ([A-Za-z0-9+/=]+)\n$/.exec(signNote(BODY, two))?.[1] ?? '').subarray(0, 4));
    return toBase64(content);
  });
}

/** Sets an unused bit in the base64 of 68 bytes. The two lowest bits before the padding character are unused. */
function unusedBitSet(base64: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return `${base64.slice(0, -2)}${alphabet.charAt(alphabet.indexOf(base64.charAt(base64.length - 2)) + 1)}=`;
}

/** Returns a note with a good signature over a text that signNote refuses. */
function forced(body: string): string {
  const content = new Uint8Array(68);
  content.set(fromHex(one.keyId));
  content.set(ed25519.sign(new TextEncoder().encode(body), one.seed), 4);
  return `${body}\n\u2014 ${one.name} ${toBase64(content)}\n`;
}

function strangers(count: number): string {
  return Array.from(
    { length: count },
    (_, at) => `\u2014 w${at}.example ${toBase64(new Uint8Array(68).fill(at))}\n`,
  ).join('');
}
