import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const ISSUER = 'https://identity.page.test';
const AUDIENCE = 'communique-tee';

/** An identity provider whose tokens may hold a scope: the system's own gives none. */
export async function adminIssuer(folder: string): Promise<{
  readonly environment: Readonly<Record<string, string>>;
  token(subject: string, scope?: string): Promise<string>;
}> {
  const { publicKey, privateKey } = await generateKeyPair('Ed25519');
  const file = join(folder, 'page-jwks.json');
  await writeFile(
    file,
    JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'page', alg: 'Ed25519', use: 'sig' }] }),
  );
  return {
    environment: { AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE, AUTH_JWKS_FILE: file },
    token: (subject, scope) =>
      new SignJWT(scope === undefined ? {} : { scope })
        .setProtectedHeader({ alg: 'Ed25519', kid: 'page', typ: 'at+jwt' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey),
  };
}
