import { keyIdOf, importPrivateKey, open, seal } from '@communique-tee/crypto';
import { DEFAULT_SUITE } from '@communique-tee/protocol';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { execFileSync } from 'node:child_process';
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto';
import { beside, notMeasured, rateOf, type Row } from './measure';

const KIB = 1024;

/** Compares our `open` and `seal` with `openssl speed`, and `open` also with bare ciphers and a bare X25519 operation. */
export async function sealingRows(): Promise<Row[]> {
  const own = importPrivateKey(randomBytes(32));
  const rows: Row[] = [];
  for (const kib of [1, 16, 256]) {
    const bytes = kib * KIB;
    const openssl = opensslSpeed(bytes);
    const { input, message } = sample(own.publicKey, bytes - 4);
    const opened: Row = {
      what: `open ${String(kib)} KiB`,
      value: ((await rateOf(() => open(own, message))) * bytes) / 1e6,
      unit: 'MB/s',
    };
    const sealed: Row = {
      what: `seal ${String(kib)} KiB`,
      value: ((await rateOf(() => seal(input))) * bytes) / 1e6,
      unit: 'MB/s',
    };
    const text = randomBytes(bytes);
    const noble = {
      what: 'noble XChaCha20-Poly1305',
      value: ((await rateOf(() => xchacha20poly1305(randomBytes(32), randomBytes(24)).encrypt(text))) * bytes) / 1e6,
    };
    const speed = `openssl speed ${String(kib)} KiB`;
    rows.push(
      openssl === undefined ? notMeasured(speed, 'MB/s', 'openssl') : { what: speed, value: openssl, unit: 'MB/s' },
    );
    rows.push({ ...noble, what: `${noble.what} ${String(kib)} KiB`, unit: 'MB/s' });
    const reference = openssl === undefined ? undefined : { what: 'openssl speed chacha20-poly1305', value: openssl };
    rows.push(reference ? beside(opened, reference, kib === 256 ? { atLeast: 0.35 } : undefined) : opened);
    rows.push(reference ? beside(sealed, reference) : sealed);
    const floor: Row = {
      what: `node:crypto's bare decryption ${String(kib)} KiB`,
      value: ((await rateOf(bareDecryption(text))) * bytes) / 1e6,
      unit: 'MB/s',
      note: 'one call with a key that is already derived: the most that open could reach',
    };
    rows.push(reference ? beside(floor, reference) : floor, beside({ ...opened, what: `${opened.what}  ` }, floor));
    rows.push(beside({ ...opened, what: `${opened.what} ` }, noble));
  }
  const [ours, theirs] = [generateKeyPairSync('x25519'), generateKeyPairSync('x25519')];
  const jwk = theirs.publicKey.export({ format: 'jwk' });
  const { privateKey } = ours;
  const bare: Row = {
    what: 'bare X25519, known peer key',
    value: await rateOf(() => diffieHellman({ privateKey, publicKey: theirs.publicKey })),
    unit: 'op/s',
  };
  const fresh: Row = {
    what: 'bare X25519, new peer key',
    value: await rateOf(() => diffieHellman({ privateKey, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) })),
    unit: 'op/s',
    note: 'every message has a new key',
  };
  const { message } = sample(own.publicKey, 2 * KIB - 4);
  const opened: Row = { what: 'open 2 KiB, whole', value: await rateOf(() => open(own, message)), unit: 'op/s' };
  rows.push(bare, fresh, beside(opened, bare, { atLeast: 0.4 }), beside(opened, fresh, { atLeast: 0.7 }));
  return rows;
}

/**
 * Returns a function that decrypts with node:crypto's ChaCha20-Poly1305. Like `open`, it makes a new decipher and a new buffer for each
 * message.
 */
function bareDecryption(text: Uint8Array): () => unknown {
  const [key, nonce] = [randomBytes(32), randomBytes(12)];
  const options = { authTagLength: 16 };
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, options);
  const ciphertext = cipher.update(text);
  cipher.final();
  const tag = cipher.getAuthTag();
  return () => {
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, options);
    decipher.setAuthTag(tag);
    const opened = decipher.update(ciphertext);
    decipher.final();
    return opened;
  };
}

function sample(publicKey: Uint8Array, length: number) {
  const input = {
    publicKey,
    suite: DEFAULT_SUITE,
    keyId: keyIdOf(publicKey),
    messageId: randomBytes(16),
    expiresAtSeconds: 1_900_000_000,
    nullifier: null,
    plaintext: randomBytes(length),
  };
  return { input, message: seal(input).message };
}

/** Returns the MB/s that `openssl speed` measures; undefined without the openssl command. */
function opensslSpeed(bytes: number): number | undefined {
  try {
    const args = ['speed', '-seconds', '1', '-bytes', String(bytes), '-mr', '-evp', 'chacha20-poly1305'];
    const output = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const bytesPerSecond = Number(/^\+F:\d+:[^:]+:([0-9.]+)/im.exec(output)?.[1]);
    return Number.isFinite(bytesPerSecond) ? bytesPerSecond / 1e6 : undefined;
  } catch {
    return undefined;
  }
}
