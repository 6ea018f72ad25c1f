import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An identity provider for development and tests: an Ed25519 key made now, its JWKS in a file, tokens on request. */
export interface TokenIssuer {
  issuer: string;
  audience: string;
  jwksFile: string;
  token(subject: string, lifetimeSeconds?: number): Promise<string>;
}

export async function createTokenIssuer(folder: string): Promise<TokenIssuer> {
  const issuer = 'https://identity.communique-tee.test';
  const audience = 'communique-tee';
  const { publicKey, privateKey } = await generateKeyPair('Ed25519');
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const jwksFile = join(folder, 'jwks.json');
  await writeFile(jwksFile, `${JSON.stringify({ keys: [{ ...jwk, kid, alg: 'Ed25519', use: 'sig' }] }, null, 2)}\n`);
  return {
    issuer,
    audience,
    jwksFile,
    token: (subject, lifetimeSeconds = 3600) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'Ed25519', kid, typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds)
        .sign(privateKey),
  };
}
