import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAuthorizationRequest, type RegisteredClient } from './authorization-request';
import { CodeGrants, type Grant } from './code-grants';
import { IdentityError } from './errors';
import { PAGE_HEADERS, problemPage, signInPage, USER_NAME } from './sign-in-page';
import { createTokenIssuer, type TokenIssuer } from './token-issuer';

export interface IdentityProviderOptions {
  /** Where the signing key and the key set are kept. */
  readonly folder: string;
  /** The port on 127.0.0.1, which is part of the issuer's name. 0, the default, takes a free port. */
  readonly port?: number;
  /** Origins of the pages on which people sign in, such as `http://127.0.0.1:3001`. */
  readonly pages: readonly string[];
  /** How long access tokens and ID tokens are valid. */
  readonly tokenSeconds?: number;
  readonly codeLifetimeMs?: number;
}

/** An OpenID provider on 127.0.0.1, for development and tests. */
export interface IdentityProvider extends TokenIssuer {
  /** The environment variables of a gateway that trusts this provider and offers its sign-in on the page. */
  readonly gatewayEnvironment: Readonly<Record<string, string>>;
  /** Sets how long the tokens of later sign-ins are valid. */
  setTokenSeconds(seconds: number): void;
  stop(): Promise<void>;
}

export const CLIENT_ID = 'communique-tee-page';
const TOKEN_SECONDS = 3600;
const MAX_BODY_BYTES = 16 * 1024;

/**
 * Starts a provider with discovery, the authorization code flow with PKCE, and a key set. Anyone who can reach it can sign in as any user,
 * so it listens on loopback.
 * @throws IdentityError `production` if NODE_ENV is production, `key_not_usable`; Node's error if the port is taken
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  if (process.env['NODE_ENV'] === 'production')
    throw new IdentityError('production', 'the identity provider simulator does not start with NODE_ENV=production');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port ?? 0, host: '127.0.0.1', exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  try {
    const issuer = await createTokenIssuer(options.folder, origin);
    const provider = new Provider(issuer, options);
    server.on('request', (request, response) => {
      provider.handle(request, response).catch(() => {
        response.destroy();
      });
    });
    return {
      ...issuer,
      gatewayEnvironment: {
        AUTH_ISSUER: issuer.issuer,
        AUTH_AUDIENCE: issuer.audience,
        AUTH_JWKS_FILE: issuer.jwksFile,
        PAGE_OIDC_CLIENT_ID: CLIENT_ID,
        PAGE_OIDC_AUTHORIZATION_ENDPOINT: `${origin}/authorize`,
        PAGE_OIDC_TOKEN_ENDPOINT: `${origin}/token`,
        PAGE_OIDC_SCOPE: 'openid profile',
      },
      setTokenSeconds: (seconds) => {
        provider.tokenSeconds = seconds;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Issuer = Awaited<ReturnType<typeof createTokenIssuer>>;

class Provider {
  tokenSeconds: number;
  private readonly clients: readonly RegisteredClient[];
  private readonly grants: CodeGrants;
  private readonly hosts: readonly string[];

  constructor(
    private readonly issuer: Issuer,
    private readonly options: IdentityProviderOptions,
  ) {
    this.tokenSeconds = options.tokenSeconds ?? TOKEN_SECONDS;
    this.grants = new CodeGrants(options.codeLifetimeMs);
    this.clients = [{ clientId: CLIENT_ID, redirectUris: options.pages.map((page) => `${page}/`) }];
    const { host, port } = new URL(issuer.issuer);
    this.hosts = [host, `localhost:${port}`];
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // DNS rebinding: a page on the Internet may let its own host name resolve to 127.0.0.1
    if (!this.hosts.includes(request.headers.host ?? '')) return this.answer(response, 421);
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const { method = '' } = request;
    switch (`${method} ${path}`) {
      case 'GET /.well-known/openid-configuration':
        return this.json(request, response, 200, this.discovery());
      case 'GET /jwks':
        return this.json(request, response, 200, { keys: [this.issuer.key.publicJwk] });
      case 'GET /authorize':
      case 'POST /authorize':
        return this.authorize(request, response, query);
      case 'POST /token':
        return this.token(request, response);
      case 'OPTIONS /token':
        return this.answer(response, 204, {
          ...this.cors(request),
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': 'content-type',
        });
      default:
        return this.answer(response, 404);
    }
  }

  /** The metadata of OpenID Connect Discovery 1.0, section 3. */
  private discovery(): object {
    const { issuer } = this.issuer;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      scopes_supported: ['openid', 'profile'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['Ed25519'],
      token_endpoint_auth_methods_supported: ['none'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  /** GET shows the form; POST carries the person's answer. Both check the whole request, so the provider stores nothing between them. */
  private async authorize(request: IncomingMessage, response: ServerResponse, query: string): Promise<void> {
    const read = readAuthorizationRequest(new URLSearchParams(query), this.clients, this.issuer.audience);
    if (read.kind === 'page') return this.answer(response, 400, PAGE_HEADERS, problemPage(read.problem));
    if (read.kind === 'redirect')
      return this.sendBack(response, read.redirectUri, { error: read.error, state: read.state });
    if (request.method === 'GET') return this.answer(response, 200, PAGE_HEADERS, signInPage(query));
    const body = await readForm(request);
    if (body === undefined) return this.answer(response, 413);
    const { redirectUri, state } = read.request;
    if (body.get('answer') === 'cancel') return this.sendBack(response, redirectUri, { error: 'access_denied', state });
    const user = body.get('user') ?? '';
    if (!USER_NAME.test(user))
      return this.answer(
        response,
        400,
        PAGE_HEADERS,
        signInPage(query, 'Please enter 1 to 64 letters, digits, dots, hyphens or underscores.'),
      );
    this.sendBack(response, redirectUri, { code: this.grants.issue({ ...read.request, user }), state });
  }

  /** Redirects to the client with `iss` (RFC 9207). With status 303, the browser does not send the form to the client. */
  private sendBack(
    response: ServerResponse,
    redirectUri: string,
    parameters: Readonly<Record<string, string | undefined>>,
  ): void {
    const address = new URL(redirectUri);
    for (const [name, value] of Object.entries({ ...parameters, iss: this.issuer.issuer }))
      if (value !== undefined) address.searchParams.set(name, value);
    this.answer(response, 303, { location: address.href });
  }

  /** The token endpoint (RFC 6749 sections 4.1.3, 5.1 and 5.2). */
  private async token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = (error: string, status = 400) => {
      this.json(request, response, status, { error });
    };
    if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(request.headers['content-type'] ?? ''))
      return refused('invalid_request');
    const body = await readForm(request);
    if (body === undefined) return refused('invalid_request', 413);
    const given = (name: string) => body.get(name) ?? '';
    if ([...body.keys()].some((name) => body.getAll(name).length > 1)) return refused('invalid_request');
    if (given('grant_type') !== 'authorization_code') return refused('unsupported_grant_type');
    if (!this.clients.some(({ clientId }) => clientId === given('client_id'))) return refused('invalid_client', 401);
    const grant = this.grants.redeem(given('code'), given('client_id'), given('redirect_uri'), given('code_verifier'));
    if (grant === undefined) return refused('invalid_grant');
    this.json(request, response, 200, await this.tokensOf(grant));
  }

  private async tokensOf({ user, clientId, scope, nonce }: Grant): Promise<object> {
    const seconds = this.tokenSeconds;
    const claims = { iss: this.issuer.issuer, sub: user, aud: clientId, ...(nonce !== undefined && { nonce }) };
    return {
      access_token: await this.issuer.token(user, seconds, scope.join(' ')),
      token_type: 'Bearer',
      expires_in: seconds,
      scope: scope.join(' '),
      id_token: await this.issuer.key.sign(
        'JWT',
        scope.includes('profile') ? { ...claims, name: user } : claims,
        seconds,
      ),
    };
  }

  private json(request: IncomingMessage, response: ServerResponse, status: number, value: object): void {
    this.answer(response, status, { 'content-type': 'application/json', ...this.cors(request) }, JSON.stringify(value));
  }

  /** Returns CORS headers that let only the registered pages read answers. */
  private cors({ headers: { origin } }: IncomingMessage): Record<string, string> {
    return origin !== undefined && this.options.pages.includes(origin)
      ? { 'access-control-allow-origin': origin, vary: 'Origin' }
      : { vary: 'Origin' };
  }

  private answer(
    response: ServerResponse,
    status: number,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): void {
    response.writeHead(status, {
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      connection: 'close',
      ...headers,
    });
    response.end(body);
  }
}

/** Returns the form, or undefined if the body has more than `MAX_BODY_BYTES`. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
