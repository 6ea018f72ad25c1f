import { writeFile } from 'node:fs/promises';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export const ISSUER = 'https://id.test/';
export const AUDIENCE = 'communique-test';

/** Simulates an identity provider that has one key. */
export async function createIssuer(algorithm = 'EdDSA', keyId = 'key-1') {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: keyId, alg: algorithm, use: 'sig' };
  return {
    jwk,
    publicKey,
    privateKey,
    async writeKeySet(file: string, more: readonly JWK[] = []): Promise<void> {
      await writeFile(file, JSON.stringify({ keys: [jwk, ...more] }));
    },
    /** Returns a valid access token, changed by `claims` and `header`. Leaves out claims that are undefined, and a `typ` of null. */
    async token(
      subject: string | undefined,
      claims: JWTPayload = {},
      header: { alg?: string; kid?: string; typ?: string | null } = {},
    ): Promise<string> {
      const now = Math.floor(Date.now() / 1000);
      const { typ = 'at+jwt', ...others } = header;
      return new SignJWT({
        iss: ISSUER,
        aud: AUDIENCE,
        iat: now,
        exp: now + 300,
        ...(subject === undefined ? {} : { sub: subject }),
        ...claims,
      })
        .setProtectedHeader({ alg: algorithm, kid: keyId, ...(typ !== null && { typ }), ...others })
        .sign(privateKey);
    },
  };
}
export type Issuer = Awaited<ReturnType<typeof createIssuer>>;
