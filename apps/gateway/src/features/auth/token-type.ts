import type { JWTHeaderParameters, JWTPayload } from 'jose';
import type { TokenType } from '../../core/config/gateway-config';

/** RFC 9068 section 2.1; media types ignore case, and `application/` may be left out (RFC 7515 section 4.1.9). */
const ACCESS_TOKEN = /^(?:application\/)?at\+jwt$/i;

/** Also the types of issuers that do not follow RFC 9068: `JWT`, or their own subtype (`okta-internal-at+jwt`). */
const ACCESS_TOKEN_OR_UNSPECIFIC = /^(?:application\/)?(?:jwt|(?:[a-z0-9]+-)*at\+jwt)$/i;

/** Claims that only ID tokens have (OpenID Connect Core 1.0 sections 2 and 3.3.2.11; FAPI 1.0 part 2 section 5.1). */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash'] as const;

/**
 * Whether a verified token is an access token. An ID token of the same issuer tells an app who signed in, and that app may store and log
 * it. So an ID token must not act for the person here (RFC 8725 section 3.11).
 *
 * `any` is for issuers that do not mark access tokens: it refuses only tokens that are marked as another type. An ID token without such a
 * mark, and with this service as its audience, passes.
 */
export function isAccessToken(
  { typ }: Pick<JWTHeaderParameters, 'typ'>,
  claims: JWTPayload,
  accepted: TokenType,
): boolean {
  if (accepted === 'at+jwt') return typeof typ === 'string' && ACCESS_TOKEN.test(typ);
  if (typ !== undefined && !(typeof typ === 'string' && ACCESS_TOKEN_OR_UNSPECIFIC.test(typ))) return false;
  if (ID_TOKEN_CLAIMS.some((claim) => Object.hasOwn(claims, claim))) return false;
  // Amazon Cognito and Keycloak name the token's kind in a claim
  return claims['token_use'] !== 'id' && claims['typ'] !== 'ID';
}
