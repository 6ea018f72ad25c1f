/** An OpenID provider for development and tests. It is never deployed (scope:dev; it does not start with NODE_ENV=production). */
export { IdentityError, type IdentityErrorCode } from './errors';
export {
  CLIENT_ID,
  startIdentityProvider,
  type IdentityProvider,
  type IdentityProviderOptions,
} from './identity-provider';
export { createTokenIssuer, type TokenIssuer } from './token-issuer';
