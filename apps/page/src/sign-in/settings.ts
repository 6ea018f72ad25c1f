import { isLoopback } from '../loopback';

/** Where people sign in (`signIn` of GET /api/page). */
export interface SignInSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly authorizationEndpoint: URL;
  readonly tokenEndpoint: URL;
  readonly scope: string;
  /** The parameter that names the gateway's audience in the request; null: the request needs none. */
  readonly audience: { readonly parameter: 'audience' | 'resource'; readonly value: string } | null;
}

const MAX_LENGTH = 2048;

/** Returns null if the site offers no sign-in, or its settings cannot be used. */
export function readSettings(value: unknown): SignInSettings | null {
  if (!isRecord(value)) return null;
  const { issuer, clientId, scope, audience } = value;
  const authorizationEndpoint = endpoint(value['authorizationEndpoint']);
  const tokenEndpoint = endpoint(value['tokenEndpoint']);
  if (!isText(issuer) || !isText(clientId) || !isText(scope)) return null;
  if (authorizationEndpoint === null || tokenEndpoint === null) return null;
  const named = audience === null ? null : readAudience(audience);
  return named === undefined
    ? null
    : { issuer, clientId, authorizationEndpoint, tokenEndpoint, scope, audience: named };
}

/** Returns the URL if it is https, or http to this machine; else null. The browser is sent there, and a token comes from there. */
function endpoint(value: unknown): URL | null {
  const url = isText(value) ? URL.parse(value) : null;
  if (url === null) return null;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)) ? url : null;
}

function readAudience(value: unknown): SignInSettings['audience'] | undefined {
  if (!isRecord(value)) return undefined;
  const { parameter, value: named } = value;
  return (parameter === 'audience' || parameter === 'resource') && isText(named)
    ? { parameter, value: named }
    : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH;
}
