import * as z from 'zod';

/** A page on which people sign in. It is a public client, without a client secret. */
export interface RegisteredClient {
  readonly clientId: string;
  /** Compared character by character (RFC 9700 section 2.1). */
  readonly redirectUris: readonly string[];
}

/** A request of the authorization code flow that is complete and allowed. */
export interface AuthorizationRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce?: string;
  readonly scope: readonly string[];
  /** base64url of the SHA-256 of the code verifier, 43 characters (RFC 7636 section 4.2). */
  readonly challenge: string;
}

export type ReadRequest =
  | { readonly kind: 'request'; readonly request: AuthorizationRequest }
  /** A problem to show to the person. The browser is not redirected, because the address may not be the client's. */
  | { readonly kind: 'page'; readonly problem: string }
  /** An error to send to the client (RFC 6749 section 4.1.2.1). */
  | { readonly kind: 'redirect'; readonly redirectUri: string; readonly error: string; readonly state?: string };

const SCOPES = ['openid', 'profile'];

const text = z.string().min(1).max(512);
const parameters = z.object({
  response_type: z.literal('code'),
  state: text,
  nonce: text.optional(),
  code_challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  code_challenge_method: z.literal('S256'),
  response_mode: z.literal('query').optional(),
});

/**
 * Judges a request to the authorization endpoint (RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 3.1.2.1). It is stricter than
 * both: it requires `state` and PKCE with S256, and allows only the scopes `openid` and `profile`.
 * @param audience the value that `audience` or `resource` (RFC 8707) must have, if the request has one of them
 */
export function readAuthorizationRequest(
  query: URLSearchParams,
  clients: readonly RegisteredClient[],
  audience: string,
): ReadRequest {
  const once = (name: string) => {
    const [value, ...more] = query.getAll(name);
    return more.length === 0 ? value : undefined;
  };
  const client = clients.find(({ clientId }) => clientId === once('client_id'));
  if (client === undefined) return { kind: 'page', problem: 'This application is not registered here (client_id).' };
  const redirectUri = client.redirectUris.find((each) => each === once('redirect_uri'));
  if (redirectUri === undefined)
    return { kind: 'page', problem: 'The application did not register this address (redirect_uri).' };

  const state = text.safeParse(once('state')).data;
  const refused = (error: string): ReadRequest => ({
    kind: 'redirect',
    redirectUri,
    error,
    ...(state !== undefined && { state }),
  });
  if ([...query.keys()].some((name) => once(name) === undefined)) return refused('invalid_request');
  if (once('response_type') !== 'code') return refused('unsupported_response_type');
  const parsed = parameters.safeParse(Object.fromEntries(query));
  if (!parsed.success) return refused('invalid_request');
  const scope = (once('scope') ?? '').split(' ');
  if (!scope.includes('openid') || scope.some((word) => !SCOPES.includes(word))) return refused('invalid_scope');
  for (const name of ['audience', 'resource'])
    if (query.has(name) && once(name) !== audience) return refused('invalid_target');
  const { nonce, code_challenge: challenge } = parsed.data;
  return {
    kind: 'request',
    request: {
      clientId: client.clientId,
      redirectUri,
      state: parsed.data.state,
      ...(nonce !== undefined && { nonce }),
      scope,
      challenge,
    },
  };
}
