import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** CMS by an independent implementation, the openssl command. It runs in a temporary folder. */
export interface OpenSsl {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** Runs `openssl cms -encrypt` for `publicKey`, with `words` as further arguments. */
  encrypt(plaintext: Uint8Array, ...words: string[]): Uint8Array;
  /** Does the same for another key. */
  encryptFor(publicKey: KeyObject, plaintext: Uint8Array, ...words: string[]): Uint8Array;
  /** Runs `openssl cms -decrypt`. */
  decrypt(envelope: Uint8Array): Uint8Array;
  remove(): void;
}

/** Arguments of `cms -encrypt` for the algorithms that KMS uses. */
export const LIKE_KMS = [
  '-aes256',
  '-keyopt',
  'rsa_padding_mode:oaep',
  '-keyopt',
  'rsa_oaep_md:sha256',
  '-keyopt',
  'rsa_mgf1_md:sha256',
];

export function openSsl(): OpenSsl {
  const folder = mkdtempSync(join(tmpdir(), 'kms-openssl-'));
  const file = (name: string) => join(folder, name);
  const run = (...words: string[]) =>
    execFileSync('openssl', words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 24 });
  run(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'own.pem',
    '-subj',
    '/CN=recipient',
    '-days',
    '2',
  );
  const privateKey = createPrivateKey(readFileSync(file('key.pem')));

  const encryptTo = (certificate: string, plaintext: Uint8Array, words: string[]) => {
    writeFileSync(file('plaintext'), plaintext);
    const options = words.includes('-keyopt') ? words : [...LIKE_KMS, ...words];
    return run(
      'cms',
      '-encrypt',
      '-binary',
      '-in',
      'plaintext',
      '-outform',
      'DER',
      '-keyid',
      '-recip',
      certificate,
      ...options,
    );
  };
  return {
    privateKey,
    publicKey: createPublicKey(privateKey),
    encrypt: (plaintext, ...words) => encryptTo('own.pem', plaintext, words),
    encryptFor(publicKey, plaintext, ...words) {
      writeFileSync(file('public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
      run('x509', '-in', 'own.pem', '-signkey', 'key.pem', '-force_pubkey', 'public.pem', '-out', 'other.pem');
      return encryptTo('other.pem', plaintext, words);
    },
    decrypt(envelope) {
      writeFileSync(file('envelope'), envelope);
      return run('cms', '-decrypt', '-binary', '-inform', 'DER', '-in', 'envelope', '-inkey', 'key.pem');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
