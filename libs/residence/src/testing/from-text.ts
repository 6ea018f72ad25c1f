// Every secret of these tests is the hash of a public text. Only tests use these secrets.
import { importPrivateKey, keyIdOf } from '@communique-tee/crypto/browser';
import { formatVerifierKey, signingKeyOf, type SigningKey } from '@communique-tee/transparency';
import { sha256 } from '@noble/hashes/sha2.js';
import { fieldFromHash, type Field } from '../field';

const DOMAIN = 'communique-tee, made up for tests and public: ';

/** Returns 32 bytes, the same for the same text. */
export function bytesFromText(text: string): Uint8Array {
  return sha256(new TextEncoder().encode(DOMAIN + text));
}

export function fieldFromText(text: string): Field {
  return fieldFromHash(bytesFromText(text));
}

/** 1 February 2027, noon UTC, in the 120th Congress. The notes and messages of the committed proofs are valid at this time. */
export const TEST_NOW_SECONDS = Date.UTC(2027, 1, 1, 12) / 1000;

/** The longest duration of a campaign in the committed proofs. */
export const TEST_MAX_CAMPAIGN_DAYS = 90;

const REGISTRAR_ID = 'test-registrar';
const signingKeys: [SigningKey, SigningKey] = [
  signingKeyOf(REGISTRAR_ID, bytesFromText('first key of the registrar')),
  signingKeyOf(REGISTRAR_ID, bytesFromText('second key of the registrar')),
];

/** The first key signs. Tests that change the registrar's key use the second. */
export const TEST_REGISTRAR = {
  id: REGISTRAR_ID,
  signingKeys,
  verifierKeys: signingKeys.map(formatVerifierKey) as [string, string],
};

/** Another registrar's key under the same name. No checker has this key in its configuration. */
export const FOREIGN_SIGNING_KEY = signingKeyOf(REGISTRAR_ID, bytesFromText('key of another registrar'));

/** An X25519 key. */
export interface TestEnclaveKey {
  /** 32 raw bytes. */
  privateKey: Uint8Array;
  publicKey: Uint8Array;
  /** 16 bytes. */
  keyId: Uint8Array;
}

/** The committed proofs' messages are sealed to this key. */
export const TEST_ENCLAVE_KEY = enclaveKey('key of the enclave');
/** A key that the enclave has retired. */
export const RETIRED_ENCLAVE_KEY = enclaveKey('retired key of the enclave');

function enclaveKey(text: string): TestEnclaveKey {
  const privateKey = bytesFromText(text);
  const { publicKey } = importPrivateKey(privateKey);
  return { privateKey, publicKey, keyId: keyIdOf(publicKey) };
}
