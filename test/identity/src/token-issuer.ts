import { join } from 'node:path';
import { keptSigningKey, writeWhole, type SigningKey } from './signing-key';

/** The issuer that the gateway trusts in development and tests: a key, its key set in a file, access tokens on request. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksFile: string;
  /** @param scope words of OAuth 2.0, such as the one of administrators (`AUTH_ADMIN_SCOPE`) */
  token(subject: string, lifetimeSeconds?: number, scope?: string): Promise<string>;
}

export const AUDIENCE = 'communique-tee';

/**
 * A token issuer without a server; for people to sign in, use `startIdentityProvider`.
 * @param folder keeps `token-key.json`, which `node tools/cli/bin.mjs token` signs with too, and gets `jwks.json`
 */
export async function createTokenIssuer(
  folder: string,
  issuer = 'https://identity.communique-tee.test',
): Promise<TokenIssuer & { readonly key: SigningKey }> {
  const key = await keptSigningKey(join(folder, 'token-key.json'));
  const jwksFile = join(folder, 'jwks.json');
  await writeWhole(jwksFile, { keys: [key.publicJwk] }, 0o644);
  return {
    issuer,
    audience: AUDIENCE,
    jwksFile,
    key,
    token: (subject, lifetimeSeconds = 3600, scope = undefined) =>
      key.sign('at+jwt', { iss: issuer, aud: AUDIENCE, sub: subject, ...(scope && { scope }) }, lifetimeSeconds),
  };
}
