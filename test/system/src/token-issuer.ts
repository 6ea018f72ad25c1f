import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/** An identity provider for development and tests: an Ed25519 key, its JWKS in a file, tokens on request. */
export interface TokenIssuer {
  issuer: string;
  audience: string;
  jwksFile: string;
  /** `scope`: of OAuth 2.0, such as that of administrators. */
  token(subject: string, lifetimeSeconds?: number, scope?: string): Promise<string>;
}

const keySchema = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() });

/**
 * @param folder where the key is kept (`token-key.json`, mode 0600; `communique-tee token` keeps its own there too, so that a token is
 *   good after a restart) and its public half is written (`jwks.json`)
 */
export async function createTokenIssuer(folder: string): Promise<TokenIssuer> {
  const issuer = 'https://identity.communique-tee.test';
  const audience = 'communique-tee';
  const { d, ...publicKey } = await keptKey(join(folder, 'token-key.json'));
  const kid = await calculateJwkThumbprint(publicKey);
  const jwksFile = join(folder, 'jwks.json');
  await put(jwksFile, { keys: [{ ...publicKey, kid, alg: 'Ed25519', use: 'sig' }] }, 0o644);
  const privateKey = await importJWK({ ...publicKey, d }, 'Ed25519');
  return {
    issuer,
    audience,
    jwksFile,
    token: (subject, lifetimeSeconds = 3600, scope = undefined) =>
      new SignJWT(scope === undefined ? {} : { scope })
        .setProtectedHeader({ alg: 'Ed25519', kid, typ: 'at+jwt' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds)
        .sign(privateKey),
  };
}

async function keptKey(file: string): Promise<z.infer<typeof keySchema>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) return keySchema.parse(JSON.parse(text));
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
  const key = keySchema.parse(await exportJWK(privateKey));
  await put(file, key, 0o600);
  return key;
}

/** Whole or not at all: a gateway reads the key set whenever its date changes. */
async function put(file: string, value: { keys: JWK[] } | z.infer<typeof keySchema>, mode: number): Promise<void> {
  const temporary = `${file}.${String(process.pid)}`;
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode });
  await rename(temporary, file);
}
