import { generateKeyPairSync } from 'node:crypto';
import { newKeys, writeChain } from '../chain-writer';
import { concat, fromHex } from '../der-writer';
import { head, map, negative, testNonce, text, uint, writeDocument, bytes } from '../document-writer';
import { testCase } from './case';

const header = (name: string, protectedHeader: Uint8Array) =>
  testCase(name, 'ERR_ATTESTATION_ALGORITHM', {
    envelope: (envelope) => (envelope.protectedHeader = protectedHeader),
  });
const es384 = [uint(1), negative(-35)] as const;

export const algorithms = () => [
  header('ES256 in the header', map([uint(1), negative(-7)])),
  header('ES512 in the header', map([uint(1), negative(-36)])),
  header('EdDSA in the header', map([uint(1), negative(-8)])),
  header('HMAC in the header', map([uint(1), uint(5)])),
  header('algorithm -1 in the header (as QEMU writes it)', map([uint(1), negative(-1)])),
  header('the algorithm by name', map([uint(1), text('ES384')])),
  header('an empty protected header', map()),
  header('a protected header of no bytes', new Uint8Array()),
  header('a protected header that is no CBOR', Uint8Array.of(0xff)),
  header('more than the algorithm in the protected header', map(es384, [uint(4), bytes(testNonce)])),
  header('critical parameters in the protected header', map(es384, [uint(2), fromHex('8104')])),
  header('the algorithm twice', map(es384, es384)),
  header('bytes after the protected header', concat(map(es384), Uint8Array.of(0xf6))),
  header('the algorithm in a longer form', concat(head(5, 1), head(0, 1, 1), negative(-35))),
  testCase('the algorithm in the unprotected header only', 'ERR_ATTESTATION_ALGORITHM', {
    envelope: (envelope) => Object.assign(envelope, { protectedHeader: map(), unprotectedHeader: map(es384) }),
  }),
  testCase('the algorithm in both headers', 'ERR_ATTESTATION_UNPROTECTED_HEADER', {
    envelope: (envelope) => (envelope.unprotectedHeader = map(es384)),
  }),
  testCase('a key id in the unprotected header', 'ERR_ATTESTATION_UNPROTECTED_HEADER', {
    envelope: (envelope) => (envelope.unprotectedHeader = map([uint(4), bytes(testNonce)])),
  }),
  ...['SHA256', 'SHA512', 'sha384', 'SHA384 ', ''].map((digest) =>
    testCase(`digest ${JSON.stringify(digest)}`, 'ERR_ATTESTATION_DIGEST', {
      fields: (fields) => fields.set('digest', text(digest)),
    }),
  ),
];

const wrong = 'ERR_ATTESTATION_SIGNATURE';
const flip = (at: number) => (original: Uint8Array) =>
  Uint8Array.from(original, (byte, i) => (i === (at < 0 ? original.length + at : at) ? byte ^ 1 : byte));

export const signatures = () => [
  testCase('the signature of another document', wrong, {
    envelope: (envelope) => {
      const other = writeDocument({ fields: (fields) => fields.set('nonce', bytes(new Uint8Array(32))) }).document;
      envelope.signature = () => other.slice(-96);
    },
  }),
  testCase('the first bit of the signature flipped', wrong, { envelope: (envelope) => (envelope.signature = flip(0)) }),
  testCase('the last bit of the signature flipped', wrong, { envelope: (envelope) => (envelope.signature = flip(-1)) }),
  testCase('r and s swapped', wrong, {
    envelope: (envelope) => (envelope.signature = (raw) => concat(raw.slice(48), raw.slice(0, 48))),
  }),
  testCase('a signature of zeros', wrong, { envelope: (envelope) => (envelope.signature = () => new Uint8Array(96)) }),
  testCase('a signature of ones', wrong, {
    envelope: (envelope) => (envelope.signature = () => new Uint8Array(96).fill(0xff)),
  }),
  testCase('r is zero', wrong, { envelope: (envelope) => (envelope.signature = (raw) => raw.fill(0, 0, 48)) }),
  testCase('a nonce changed after signing', wrong, {
    document: (document) => flip(document.length - 96 - 2 - 1)(document),
  }),
  testCase('signed by another key', wrong, { envelope: (envelope) => (envelope.signWith = newKeys().privateKey) }),
  testCase('signed by the key of the certificate above', wrong, {
    chain: (links) => {
      const [instance, leaf] = links.slice(-2);
      leaf!.keys = { ...leaf!.keys, privateKey: instance!.keys.privateKey };
    },
  }),
  testCase('signed with SHA-256', wrong, { envelope: (envelope) => (envelope.digest = 'sha256') }),
  testCase('signed as COSE_Sign', wrong, { envelope: (envelope) => (envelope.signedContext = 'Signature') }),
  testCase('signed with external data', wrong, { envelope: (envelope) => (envelope.externalData = testNonce) }),
  testCase('the certificate of another leaf', wrong, {
    certificates: (certificates) => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      const other = writeChain((links) => {
        links.at(-1)!.parts.publicKeyInfo = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
      });
      return [...certificates.slice(0, -1), other.certificates.at(-1)!];
    },
  }),
];
