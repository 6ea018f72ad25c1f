import { createHash } from 'node:crypto';
import { jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { GatewayConfig } from '../../core/config/gateway-config';
import { ProblemError } from '../../core/problems/problem-error';
import type { Logger } from '../../core/telemetry/logger';
import type { CallerIdentity } from './caller';
import { isAccessToken } from './token-type';
import { VerifiedTokens } from './verified-tokens';

const MAX_TOKEN_CHARACTERS = 8192;
const MAX_SUBJECT_CHARACTERS = 512;

/** Nest token of the verifier. */
export const TOKEN_VERIFIER = 'TOKEN_VERIFIER';
export type TokenVerifier = (authorization: string | undefined) => Promise<CallerIdentity>;

/**
 * The source of the keys that verify tokens. A key that is missing from the set is the caller's error (jose's errors
 * pass through); a set that cannot be read is the gateway's.
 */
export interface KeySource {
  /**
   * Reads the set again if its time is over, and throws if no set may be used. Call it before each use of a cached token.
   * @returns the number of the set in use; a set that replaces another one has a new number
   * @throws ProblemError `identity_provider_unavailable`
   */
  current(): Promise<number>;
  /**
   * The key of a token, from the current set. An unknown key id may cause another reading of the set.
   * @throws ProblemError `identity_provider_unavailable`
   */
  readonly find: JWTVerifyGetKey;
}

/**
 * Checks `Authorization: Bearer <JWT>` (RFC 6750, RFC 7519): signature under an allowed algorithm by a key of the set, issuer, audience,
 * times with the configured skew; `exp` and `sub` are required, and the token must be an access token (token-type.ts). A good token is not
 * checked again for a minute while its key set stays the same (VerifiedTokens), so a removed key is refused as soon as the new set is read.
 * @throws ProblemError `unauthenticated` (it does not tell which check failed) | `identity_provider_unavailable`
 */
export function createTokenVerifier(
  auth: Omit<GatewayConfig['auth'], 'jwks' | 'adminScope'>,
  keys: KeySource,
  logger: Pick<Logger, 'warn'>,
): TokenVerifier {
  const verifiedTokens = new VerifiedTokens(auth.clockSkewSeconds);
  let hasWarned = false;
  return async (authorization) => {
    const token = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i.exec(
      authorization?.slice(0, MAX_TOKEN_CHARACTERS + 1) ?? '',
    )?.[1];
    if (token === undefined || (authorization?.length ?? 0) > MAX_TOKEN_CHARACTERS)
      throw new ProblemError('unauthenticated');
    try {
      const keySet = await keys.current();
      const known = verifiedTokens.find(token, keySet);
      if (known !== undefined) return known;
      const { payload, protectedHeader } = await jwtVerify(token, keys.find, {
        algorithms: [...auth.algorithms],
        issuer: auth.issuer,
        audience: auth.audience,
        clockTolerance: auth.clockSkewSeconds,
        requiredClaims: ['exp', 'sub'],
      });
      if (!isAccessToken(protectedHeader, payload, auth.tokenType)) {
        // Logged once: if the issuer does not mark access tokens, every token fails, and callers are not told why
        if (!hasWarned) logger.warn({ variable: 'AUTH_TOKEN_TYPE' }, 'a token of the issuer is no access token');
        hasWarned = true;
        throw new ProblemError('unauthenticated');
      }
      const { sub, scope, nbf, exp } = payload;
      if (typeof sub !== 'string' || sub.length === 0 || sub.length > MAX_SUBJECT_CHARACTERS)
        throw new ProblemError('unauthenticated');
      const caller = { owner: ownerOf(auth.issuer, sub), scopes: scopesOf(scope) };
      if (exp !== undefined) verifiedTokens.keep(token, keySet, { caller, notBefore: nbf, expiresAt: exp });
      return caller;
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw new ProblemError('unauthenticated', { cause: error });
    }
  };
}

/**
 * Reads the scopes: words separated by spaces (RFC 8693 section 4.2), or the array of words that some providers write. Any other value
 * grants no scope.
 */
function scopesOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((word) => word !== '');
  return Array.isArray(claim) ? claim.filter((word) => typeof word === 'string') : [];
}

/** Returns the owner as the database stores it: base64url of SHA-256 over the JSON array of issuer and subject (43 characters). */
export function ownerOf(issuer: string, subject: string): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('base64url');
}
