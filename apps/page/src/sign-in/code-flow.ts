// The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core 1.0 section 3.1), by
// oauth4webapi. The page requests only the token: no discovery, no user info, no refresh.
import { isBearerToken } from '@communique-tee/protocol';
import * as oauth from 'oauth4webapi';
import { isLoopback } from '../loopback';
import type { Pending } from './pending';
import type { SignInSettings } from './settings';

/** Why a sign-in failed; each has a sentence in the catalogue (`signIn.problems`). */
export type SignInProblem =
  /** The person canceled, or the issuer refused the person. */
  | 'denied'
  /** This tab waits for no answer, so the answer may be another person's, or was used before. */
  | 'not_started'
  /** The answer belongs to another sign-in than the one of this tab. */
  | 'wrong_answer'
  /** The answer comes from another issuer (RFC 9207). */
  | 'wrong_issuer'
  /** The issuer refused the request or the code. */
  | 'refused'
  /** The issuer does not answer, or is not available. */
  | 'unreachable'
  /** The issuer's answer does not follow the standards. */
  | 'broken'
  /** The answer is too old or too new by this device's clock. */
  | 'clock'
  | 'expired'
  /** The gateway did not accept the token. */
  | 'rejected'
  /** The browser stores no data for this tab. */
  | 'no_storage'
  /** The part of the page that signs in could not be fetched. */
  | 'not_loaded';

export class SignInError extends Error {
  override readonly name = 'SignInError';

  constructor(readonly problem: SignInProblem) {
    super(problem);
  }
}

export interface SignedIn {
  /** The token that the gateway accepts. It is kept only in memory. */
  readonly token: string;
  /** The lifetime from now on, as the issuer states it; undefined if it states none. */
  readonly lifetimeMs?: number;
  /** The person's name in the ID token. */
  readonly name?: string;
}

const TIMEOUT_MS = 20_000;
const MAX_NAME_CHARACTERS = 100;
/**
 * The page accepts every asymmetric algorithm: TLS vouches for the ID token, because it comes directly from the token endpoint (OpenID
 * Connect Core 1.0 section 3.1.3.7).
 */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Makes a new request: what to remember, and where to send the browser. */
export async function newRequest(
  settings: SignInSettings,
  redirectUri: string,
  fragment: string,
): Promise<{ readonly pending: Pending; readonly address: URL }> {
  const pending = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    fragment,
  };
  const address = new URL(settings.authorizationEndpoint);
  const parameters = {
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: redirectUri,
    scope: settings.scope,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: 'S256',
    ...(settings.audience !== null && { [settings.audience.parameter]: settings.audience.value }),
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return { pending, address };
}

/**
 * Exchanges the code of the issuer's answer for a token.
 * @param answer the query of the address that the issuer sent the browser to
 * @throws SignInError
 */
export async function redeem(
  settings: SignInSettings,
  redirectUri: string,
  pending: Pending,
  answer: URLSearchParams,
  send: typeof fetch,
): Promise<SignedIn> {
  const server: oauth.AuthorizationServer = {
    issuer: settings.issuer,
    token_endpoint: settings.tokenEndpoint.href,
    id_token_signing_alg_values_supported: ALGORITHMS,
  };
  const client: oauth.Client = { client_id: settings.clientId };
  try {
    if (answer.getAll('state').join() !== pending.state) throw new SignInError('wrong_answer');
    if (answer.has('iss') && answer.getAll('iss').join() !== settings.issuer) throw new SignInError('wrong_issuer');
    const parameters = oauth.validateAuthResponse(server, client, answer, pending.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      redirectUri,
      pending.verifier,
      {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        [oauth.allowInsecureRequests]: isLoopback(settings.tokenEndpoint),
        [oauth.customFetch]: (address, options) =>
          send(address, { ...options, credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' }),
      },
    );
    if (response.status >= 500) throw new SignInError('unreachable');
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: pending.nonce,
      requireIdToken: true,
    });
    const { access_token: token, token_type: type, expires_in: seconds } = tokens;
    if (type !== 'bearer' || !isBearerToken(token)) throw new SignInError('broken');
    const name = nameIn(oauth.getValidatedIdTokenClaims(tokens));
    return {
      token,
      ...(seconds !== undefined && { lifetimeMs: seconds * 1000 }),
      ...(name !== undefined && { name }),
    };
  } catch (error) {
    throw new SignInError(problemOf(error));
  }
}

function nameIn(claims: oauth.IDToken | undefined): string | undefined {
  const name = claims?.['name'];
  const text = typeof name === 'string' ? name.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '').trim() : '';
  return text === '' ? undefined : text.slice(0, MAX_NAME_CHARACTERS);
}

function problemOf(error: unknown): SignInProblem {
  if (error instanceof SignInError) return error.problem;
  if (error instanceof oauth.AuthorizationResponseError)
    return error.error === 'access_denied'
      ? 'denied'
      : error.error === 'server_error' || error.error === 'temporarily_unavailable'
        ? 'unreachable'
        : 'refused';
  if (error instanceof oauth.ResponseBodyError) return 'refused';
  if (error instanceof oauth.OperationProcessingError) {
    if (error.code === oauth.JWT_TIMESTAMP_CHECK) return 'clock';
    const claim = claimOf(error.cause);
    if (claim === 'iss') return 'wrong_issuer';
    return claim === 'nonce' ? 'wrong_answer' : 'broken';
  }
  if (error instanceof DOMException && (error.name === 'TimeoutError' || error.name === 'AbortError'))
    return 'unreachable';
  // Fetch throws a TypeError without a code if there is no connection, or if the browser may not read the answer
  return error instanceof TypeError && !('code' in error) ? 'unreachable' : 'broken';
}

function claimOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'claim' in cause ? cause.claim : undefined;
}
