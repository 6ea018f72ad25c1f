import * as z from 'zod';
import type { PageSignIn } from './gateway-config';
import { isUnencryptedRemote } from './sentry-dsn';

const rule = (message: string) => ({ error: () => message });

const endpoint = z
  .string()
  .max(1024, rule('must be at most 1024 characters'))
  .transform((text, context): string => {
    const url = URL.parse(text);
    if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === '')
      return url.href;
    context.addIssue({ code: 'custom', message: 'must be an https:// URL without user name, password and fragment' });
    return z.NEVER;
  });

/**
 * The page's Content-Security-Policy allows connections to this address, so the address has to be a valid source expression (Content
 * Security Policy Level 3 section 2.3.1).
 */
const connectable = endpoint.refine((text) => {
  const { hostname, search, pathname } = new URL(text);
  return search === '' && !/[;,]/.test(pathname) && !/[*[\]]/.test(hostname);
}, rule('must have no query, no comma or semicolon, and a host name that is no IPv6 address'));

const scope = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,128}( [\x21\x23-\x5b\x5d-\x7e]{1,128}){0,15}$/,
    rule('must be 1 to 16 scopes of OAuth 2.0 with one space between them'),
  )
  .refine((text) => text.split(' ').includes('openid'), rule('must contain openid'));

/** How people sign in on the page (OpenID Connect). The issuer is AUTH_ISSUER. */
export const PAGE_SIGN_IN_VARIABLES = {
  PAGE_OIDC_CLIENT_ID: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, rule('must be 1 to 256 visible ASCII characters'))
    .optional(),
  PAGE_OIDC_AUTHORIZATION_ENDPOINT: endpoint.optional(),
  PAGE_OIDC_TOKEN_ENDPOINT: connectable.optional(),
  PAGE_OIDC_SCOPE: scope.default('openid'),
  PAGE_OIDC_AUDIENCE_PARAMETER: z
    .enum(['none', 'audience', 'resource'], rule('must be none, audience or resource'))
    .default('none'),
} as const;

type Name = keyof typeof PAGE_SIGN_IN_VARIABLES;
type Values = { readonly [Each in Name]?: z.output<(typeof PAGE_SIGN_IN_VARIABLES)[Each]> } & {
  readonly AUTH_ISSUER?: string;
  readonly AUTH_AUDIENCE?: string;
};

const NAMES = Object.keys(PAGE_SIGN_IN_VARIABLES) as readonly Name[];
const REQUIRED = ['PAGE_OIDC_CLIENT_ID', 'PAGE_OIDC_AUTHORIZATION_ENDPOINT', 'PAGE_OIDC_TOKEN_ENDPOINT'] as const;

export function* brokenSignInRules(
  values: Values,
  isSet: (name: Name) => boolean,
  production: boolean,
): Generator<[Name, string]> {
  if (!NAMES.some(isSet)) return;
  for (const name of REQUIRED)
    if (!isSet(name)) yield [name, 'is required for sign-in on the page, which another PAGE_OIDC_ variable sets up'];
  for (const name of ['PAGE_OIDC_AUTHORIZATION_ENDPOINT', 'PAGE_OIDC_TOKEN_ENDPOINT'] as const) {
    const url = values[name];
    if (url?.startsWith('http:') && (production || isUnencryptedRemote({ endpoint: url })))
      yield [name, 'must be https:// (http:// only on this machine, and never in production)'];
  }
  const { AUTH_AUDIENCE: audience, PAGE_OIDC_AUDIENCE_PARAMETER: parameter } = values;
  if (parameter === 'resource' && audience !== undefined && (!URL.canParse(audience) || audience.includes('#')))
    yield [
      'PAGE_OIDC_AUDIENCE_PARAMETER',
      'is resource, but AUTH_AUDIENCE is no absolute URI (RFC 8707 section 2): set audience or none',
    ];
}

/** Returns undefined if the page offers no sign-in. */
export function pageSignInOf(values: Values): PageSignIn | undefined {
  const {
    PAGE_OIDC_CLIENT_ID: clientId,
    PAGE_OIDC_AUTHORIZATION_ENDPOINT: authorizationEndpoint,
    PAGE_OIDC_TOKEN_ENDPOINT: tokenEndpoint,
    PAGE_OIDC_AUDIENCE_PARAMETER: parameter = 'none',
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: audience,
  } = values;
  if (
    clientId === undefined ||
    authorizationEndpoint === undefined ||
    tokenEndpoint === undefined ||
    issuer === undefined ||
    audience === undefined
  )
    return undefined;
  return {
    issuer,
    clientId,
    authorizationEndpoint,
    tokenEndpoint,
    scope: values.PAGE_OIDC_SCOPE ?? 'openid',
    audience: parameter === 'none' ? null : { parameter, value: audience },
  };
}
