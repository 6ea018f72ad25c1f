import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type JWK,
  type JWTPayload,
} from 'jose';
import * as z from 'zod';
import { IdentityError } from './errors';

export { IdentityError };

const schema = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() });

/** An Ed25519 key that signs tokens in development. */
export interface SigningKey {
  /** The public key as a member of a key set; `kid` is its thumbprint (RFC 7638). */
  readonly publicJwk: JWK & { readonly kid: string };
  /** @param typ `at+jwt` for access tokens (RFC 9068), `JWT` for ID tokens; `iat` and `exp` are added, in seconds */
  sign(typ: 'at+jwt' | 'JWT', claims: JWTPayload, lifetimeSeconds: number): Promise<string>;
}

/**
 * Reads the key from a file of mode 0600, or makes a new key and the file. So tokens stay valid after a restart.
 * @throws IdentityError `key_not_usable`, and the errors of Node if the file cannot be read or written
 */
export async function keptSigningKey(file: string): Promise<SigningKey> {
  const { d, ...half } = (await readKey(file)) ?? (await createKey(file));
  const kid = await calculateJwkThumbprint(half);
  const privateKey = await importJWK({ ...half, d }, 'Ed25519');
  return {
    publicJwk: { ...half, kid, alg: 'Ed25519', use: 'sig' },
    sign: (typ, claims, lifetimeSeconds) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ ...claims, iat: now, exp: now + lifetimeSeconds })
        .setProtectedHeader({ alg: 'Ed25519', kid, typ })
        .sign(privateKey);
    },
  };
}

/** Writes the whole file or nothing, because the gateway may read a key set file at any moment after its date changed. */
export async function writeWhole(file: string, value: object, mode: number): Promise<void> {
  const temporary = `${file}.${String(process.pid)}`;
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode });
  await rename(temporary, file);
}

async function readKey(file: string): Promise<z.output<typeof schema> | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (((await stat(file)).mode & 0o077) !== 0)
    throw new IdentityError('key_not_usable', `${file} can be read by others: remove it, and a new key is made`);
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new IdentityError('key_not_usable', `${file} holds no signing key: remove it, and a new key is made`);
  }
}

async function createKey(file: string): Promise<z.output<typeof schema>> {
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
  const key = schema.parse(await exportJWK(privateKey));
  await writeWhole(file, key, 0o600);
  return key;
}
