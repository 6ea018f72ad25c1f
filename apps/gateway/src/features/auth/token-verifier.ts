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

/** The key set that verifies tokens. If a key is missing from the set, jose's errors pass through. */
export interface KeySource {
  /**
   * Reads the set again if it has expired. Call this before each use of a cached token.
   * @returns the number of the current set; it changes when another set replaces this one
   * @throws ProblemError `identity_provider_unavailable`
   */
  current(): Promise<number>;
  /**
   * Finds a token's key in the current set. An unknown key id may make it read the set again.
   * @throws ProblemError `identity_provider_unavailable`
   */
  readonly find: JWTVerifyGetKey;
}

/**
 * Checks `Authorization: Bearer <JWT>` (RFC 6750, RFC 7519): signature, algorithm, issuer, audience, and times with the configured skew.
 * `exp` and `sub` are required, and the token must be an access token (token-type.ts). A good token is not checked again for a minute,
 * unless another key set replaces the current one.
 * @throws ProblemError `unauthenticated`, which does not tell which check failed; `identity_provider_unavailable`
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
        // Logged once for the operator, because callers are not told why every token fails
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

/** Scopes are words separated by spaces (RFC 8693 section 4.2), or an array of words, as some providers write. */
function scopesOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((word) => word !== '');
  return Array.isArray(claim) ? claim.filter((word) => typeof word === 'string') : [];
}

/** @returns base64url of SHA-256 over the JSON array of issuer and subject (43 characters) */
export function ownerOf(issuer: string, subject: string): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('base64url');
}
