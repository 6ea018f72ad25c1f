import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { createHash } from 'node:crypto';
import { formatSigningKey, formatVerifierKey, parseSigningKey, parseVerifierKey, signingKeyOf } from './index';

const key = signingKeyOf('test-registrar', new Uint8Array(32).fill(1));
const text = formatVerifierKey(key);
const refusal = expect.objectContaining({ code: 'ERR_NOTE_KEY' });

it('reads the key texts that it wrote', () => {
  const { seed: _, ...verifier } = key;
  expect(parseVerifierKey(text)).toEqual(verifier);
  expect(parseSigningKey(formatSigningKey(key))).toEqual(key);
});

/** The key is from the documentation of Go's golang.org/x/mod/sumdb/note. */
it('reads a verifier key of another implementation', () => {
  const known = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  expect(formatVerifierKey(parseVerifierKey(known))).toBe(known);
});

it.each([
  '',
  'test-registrar',
  text.toUpperCase(),
  text.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase()),
  text.replace('test-registrar', 'test-registrars'),
  text.replace('test-registrar', 'test registrar'),
  text.replace('test-registrar', 'test+registrar'),
  `${text}\n`,
  ` ${text}`,
  text.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
  formatSigningKey(key),
])('refuses %j as a verifier key', (other) => {
  expect(() => parseVerifierKey(other)).toThrow(refusal);
});

it('refuses a public key of small order, under which anyone can sign', () => {
  const identity = new Uint8Array(32);
  identity[0] = 1;
  // The key id is right, so only the point is a reason to refuse
  const small = 'small-order+f9b81517+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  expect(Buffer.from('AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'base64').subarray(1)).toEqual(
    Buffer.from(identity),
  );
  expect(() => parseVerifierKey(small)).toThrow(/not an Ed25519 key/);
});

it('refuses a public key outside the group of prime order, because verifiers may differ about its signatures', () => {
  const torsion = ed25519.Point.fromHex(ED25519_TORSION_SUBGROUP[1] ?? '', true);
  const mixed = ed25519.Point.fromBytes(key.publicKey).add(torsion).toBytes();
  const keyId = createHash('sha256').update('mixed\n').update(Uint8Array.of(1)).update(mixed).digest('hex').slice(0, 8);
  const mixedText = `mixed+${keyId}+${Buffer.of(1, ...mixed).toString('base64')}`;
  expect(() => parseVerifierKey(mixedText)).toThrow(/not an Ed25519 key/);
});

it('refuses a signing key of another length, with an error that does not contain the key', () => {
  const secret = formatSigningKey(key);
  const cut = secret.slice(0, -4);
  expect(() => parseSigningKey(cut)).toThrow(refusal);
  try {
    parseSigningKey(cut);
  } catch (error) {
    expect(String(error)).not.toContain(cut.slice(-20));
  }
  expect(() => signingKeyOf('test-registrar', new Uint8Array(31))).toThrow(refusal);
});
