import { join } from 'node:path';
import { keptSigningKey, writeWhole, type SigningKey } from './signing-key';

/**
 * The token issuer that a gateway trusts in development and tests: it has a key, writes the key set to a file, and makes access tokens on
 * request.
 */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksFile: string;
  /** @param scope the OAuth 2.0 scope, for example that of administrators (`AUTH_ADMIN_SCOPE`) */
  token(subject: string, lifetimeSeconds?: number, scope?: string): Promise<string>;
}

export const AUDIENCE = 'communique-tee';

/**
 * Makes a token issuer without a server. If people must sign in, use `startIdentityProvider`.
 * @param folder the folder of `jwks.json` and `token-key.json`. `node tools/cli/bin.mjs token` signs with the same key
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
