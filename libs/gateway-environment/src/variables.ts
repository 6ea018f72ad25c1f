import { isIP } from 'node:net';
import { LIMITS } from '@communique-tee/protocol';
import { formatAddress, parseAddress } from '@communique-tee/vsock';
import * as z from 'zod';
import { parseExpectedCodeHash } from './expected-code-hash';
import { parseExpectedOperator } from './expected-operator';
import { LOG_LEVELS, TOKEN_ALGORITHMS, TOKEN_TYPES, type TokenAlgorithm } from './gateway-config';
import { parseDollars } from './money';
import { PAGE_SIGN_IN_VARIABLES } from './page-sign-in';
import { RESIDENCE_VARIABLES } from './residence';
import { parseSentryDsn, type SentryDsn } from './sentry-dsn';

const rule = (message: string) => ({ error: () => message });

const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${String(min)} to ${String(max)}`;
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,11})$/, rule(message))
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule(message));
};

const dollars = z.string().transform((text, context) => {
  const amount = parseDollars(text);
  if (amount !== undefined) return amount;
  context.addIssue({
    code: 'custom',
    message: 'must be an amount in dollars like 10.00, with at most six digits after the point',
  });
  return z.NEVER;
});

const REQUIRED = 'is required';

const url = (schemes: readonly string[]) =>
  z
    .string(REQUIRED)
    .refine(
      (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)),
      rule(`must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`),
    );

/** A URL without credentials, so that errors and logs may contain it. */
const urlWithoutCredentials = (schemes: readonly string[]) =>
  url(schemes).refine(
    (text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === ''),
    rule('must not contain a user name or password'),
  );

const MAX_ENCLAVES = 32;

const enclaveAddress = z.string().transform((text, context) => {
  try {
    const address = parseAddress(text.replace(/^(vsock|tcp):\/\//, '$1:'));
    const connectable =
      'path' in address
        ? address.path.startsWith('/')
        : address.kind === 'tcp'
          ? address.port > 0
          : address.kind === 'vsock' && address.cid !== null;
    if (connectable) return formatAddress(address);
  } catch {
    // reported below
  }
  context.addIssue({
    code: 'custom',
    message:
      'must be vsock:<cid>:<port>, unix:<absolute path>, tcp:<IP address or localhost>:<port> or, for an emulated enclave, hybrid:<absolute path>:<port>',
  });
  return z.NEVER;
});

const enclaveAddresses = z.string().transform((text, context): readonly [string, ...string[]] => {
  const parsed = text.split(',').map((entry) => enclaveAddress.safeParse(entry.trim()));
  const addresses = parsed.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const [first, ...rest] = addresses;
  if (
    first !== undefined &&
    addresses.length === parsed.length &&
    new Set(addresses).size === addresses.length &&
    addresses.length <= MAX_ENCLAVES
  )
    return [first, ...rest];
  context.addIssue({
    code: 'custom',
    message: `must be 1 to ${String(MAX_ENCLAVES)} different addresses with commas between them, each as in ENCLAVE_URL`,
  });
  return z.NEVER;
});

const algorithms = z.string().transform((text, context): readonly TokenAlgorithm[] => {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const known = names.filter((name): name is TokenAlgorithm => (TOKEN_ALGORITHMS as readonly string[]).includes(name));
  if (known.length > 0 && known.length === names.length) return known;
  context.addIssue({
    code: 'custom',
    message: `must be a list of these: ${TOKEN_ALGORITHMS.join(',')} (never none, never HS*)`,
  });
  return z.NEVER;
});

const proxies = z.string().transform((text, context): readonly string[] => {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.every(isAddressOrBlock)) return entries;
  context.addIssue({ code: 'custom', message: 'must be a list of IP addresses or CIDR blocks' });
  return z.NEVER;
});

function isAddressOrBlock(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  // A block of /0 contains every address, so it is refused.
  return (
    bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

const origins = z.string().transform((text, context): readonly string[] => {
  const entries = [...new Set(text.split(',').map((entry) => entry.trim()))];
  // A browser writes scheme, host and port into Origin, without a path. The class URL would accept * as part of a host's name.
  if (entries.every((entry) => /^https?:[^*]+$/.test(entry) && URL.parse(entry)?.origin === entry)) return entries;
  context.addIssue({
    code: 'custom',
    message: 'must be a list of origins like https://app.example.org: no path, no slash at the end, no *',
  });
  return z.NEVER;
});

const sentryDsn = z.string().transform((text, context): SentryDsn => {
  const dsn = parseSentryDsn(text);
  if (dsn !== undefined) return dsn;
  context.addIssue({
    code: 'custom',
    message:
      'must be https://<public key>@<host>/<project id>, as Sentry shows it for the project: no secret key, no query',
  });
  return z.NEVER;
});

const expectedCodeHash = z
  .string()
  .max(16_384, rule('must be at most 16384 characters'))
  .transform((text, context) => {
    const parsed = parseExpectedCodeHash(text);
    if (parsed.ok) return parsed.measurements;
    context.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  });

const expectedOperator = z
  .string()
  .max(16_384, rule('must be at most 16384 characters'))
  .transform((text, context) => {
    const parsed = parseExpectedOperator(text);
    if (parsed.ok) return parsed.operator;
    context.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  });

const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || text === 'localhost', rule('must be an IP address or localhost'));

const text = (maxLength: number) =>
  z.string(REQUIRED).max(maxLength, rule(`must be at most ${String(maxLength)} characters`));
const flag = z.enum(['true', 'false'], rule('must be true or false')).transform((value) => value === 'true');

/**
 * Every variable that the gateway reads. Messages state the rule and never repeat the value, because some values are secrets.
 * `environment.ts` checks variables against each other. A test compares this table with .env.example.
 */
export const VARIABLES = {
  // Rules are strictest in production
  NODE_ENV: z
    .enum(['development', 'test', 'production'], rule('must be development, test or production'))
    .default('production'),
  HOST: host.default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(3001),
  REQUEST_TIMEOUT_MS: wholeNumber(1000, 300_000).default(15_000),
  TRUSTED_PROXIES: proxies.default([]),
  MAX_CONNECTIONS: wholeNumber(1, 1_000_000).default(4000),
  MAX_CONNECTIONS_PER_ADDRESS: wholeNumber(1, 1_000_000).default(500),
  CORS_ORIGINS: origins.default([]),
  LOG_LEVEL: z.enum(LOG_LEVELS, rule(`must be one of ${LOG_LEVELS.join(', ')}`)).default('info'),

  DATABASE_URL: url(['postgresql', 'postgres']),
  DATABASE_POOL_SIZE: wholeNumber(2, 500).default(20),
  REDIS_URL: url(['redis', 'rediss']).optional(),

  AUTH_ISSUER: text(512),
  AUTH_AUDIENCE: text(512),
  AUTH_JWKS_URL: urlWithoutCredentials(['https', 'http']).optional(),
  AUTH_JWKS_FILE: text(4096).optional(),
  AUTH_ALGORITHMS: algorithms.default(['Ed25519', 'EdDSA', 'ES256', 'RS256']),
  AUTH_TOKEN_TYPE: z.enum(TOKEN_TYPES, rule(`must be one of ${TOKEN_TYPES.join(', ')}`)).default('at+jwt'),
  AUTH_CLOCK_SKEW_SECONDS: wholeNumber(0, 300).default(30),
  AUTH_JWKS_TIMEOUT_MS: wholeNumber(100, 60_000).default(5000),
  AUTH_JWKS_COOLDOWN_MS: wholeNumber(0, 3_600_000).default(30_000),
  AUTH_JWKS_STALE_MS: wholeNumber(0, 604_800_000).default(43_200_000),
  AUTH_ADMIN_SCOPE: z
    .string()
    .regex(
      /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/,
      rule('must be one scope of OAuth 2.0: 1 to 128 visible characters without space, quote or backslash'),
    )
    .default('communique:admin'),

  ...PAGE_SIGN_IN_VARIABLES,
  ...RESIDENCE_VARIABLES,

  RATE_LIMIT_WINDOW: wholeNumber(1000, 86_400_000).default(60_000),
  RATE_LIMIT_MAX_REQUESTS: wholeNumber(1, 1_000_000).default(100),
  RATE_LIMIT_ATTESTATION_MAX_REQUESTS: wholeNumber(1, 1_000_000).default(20),
  RATE_LIMIT_OTHER_MAX_REQUESTS: wholeNumber(1, 1_000_000).default(600),
  RATE_LIMIT_PROOF_MAX_REQUESTS: wholeNumber(1, 1_000_000).default(30),

  DEFAULT_USER_DAILY_LIMIT: dollars.default(10_000_000n),
  MESSAGES_PER_USER_DAY: wholeNumber(0, 1_000_000).default(20),
  SYSTEM_HOURLY_LIMIT: dollars.default(100_000_000n),
  EMERGENCY_SHUTDOWN_THRESHOLD: dollars.default(500_000_000n),
  DELIVERY_PRICE_PER_OFFICE: dollars.default(0n),

  TEE_PROVIDER: z.enum(['aws', 'mock'], rule('must be aws (Nitro Enclaves) or mock (development)')).default('aws'),
  AWS_REGION: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$/, rule('must be the name of an AWS region like us-east-1'))
    .optional(),
  TEE_ENDPOINT: enclaveAddress.optional(),
  ENCLAVE_URL: enclaveAddress.optional(),
  ENCLAVE_URLS: enclaveAddresses.optional(),
  // Twice a chamber's timeoutMs (in the enclave's configuration) and 5 s more, for the default and the maximum. infra compares the two.
  ENCLAVE_TIMEOUT_MS: wholeNumber(1000, 605_000).default(65_000),
  ENCLAVE_KEYS_INTERVAL_MS: wholeNumber(1000, 600_000).default(15_000),
  ENCLAVE_SECRETS_FILE: text(4096)
    .refine((path) => path.startsWith('/'), rule('must be an absolute path'))
    .optional(),
  TEE_ENABLE_ATTESTATION_VERIFICATION: flag.default(true),
  TEE_EXPECTED_CODE_HASH: expectedCodeHash.optional(),
  TEE_EXPECTED_OPERATOR: expectedOperator.optional(),
  ATTESTATION_DEVELOPMENT_ROOT_FILE: text(4096).optional(),
  ATTESTATION_CACHE_MS: wholeNumber(0, 600_000).default(30_000),
  ATTESTATION_MAX_AGE_MS: wholeNumber(1000, 10_800_000).default(300_000),

  AGENTS: z.enum(['on', 'off'], rule('must be on or off')).default('off'),
  AGENT_TIMEOUT_MS: wholeNumber(1000, 300_000).default(LIMITS.taskSeconds * 1000),

  DELIVERY_CONCURRENCY: wholeNumber(1, 1000).default(8),
  DELIVERY_LEASE_MS: wholeNumber(2000, 3_600_000).default(120_000),
  DELIVERY_MIN_BACKOFF_MS: wholeNumber(10, 3_600_000).default(1000),
  DELIVERY_MAX_BACKOFF_MS: wholeNumber(10, 86_400_000).default(300_000),
  DELIVERY_POLL_MS: wholeNumber(10, 60_000).default(1000),

  ADMISSION_MAX_WAITING: wholeNumber(1, 10_000_000).default(50_000),
  ADMISSION_MAX_AGE_SECONDS: wholeNumber(1, 604_800).default(900),

  RETENTION_MESSAGES_DAYS: wholeNumber(1, 3650).default(30),
  RETENTION_LEDGER_DAYS: wholeNumber(2, 36_500).default(400),

  // The default depends on NODE_ENV (environment.ts)
  SHUTDOWN_DRAIN_MS: wholeNumber(0, 300_000).optional(),
  SHUTDOWN_TIMEOUT_MS: wholeNumber(1000, 600_000).default(25_000),

  PAGE_VERIFIER_URL: urlWithoutCredentials(['https'])
    .refine((text) => text.length <= 500, rule('must be at most 500 characters'))
    .optional(),

  METRICS_PORT: wholeNumber(0, 65_535).optional(),
  METRICS_HOST: host.default('127.0.0.1'),
  METRICS_ENDPOINT: urlWithoutCredentials(['http', 'https']).optional(),
  METRICS_PUSH_INTERVAL_MS: wholeNumber(1000, 3_600_000).default(30_000),
  SENTRY_DSN: sentryDsn.optional(),

  OPENAI_API_KEY: text(4096).optional(),
  OPENAI_ORGANIZATION: text(4096).optional(),
  GOOGLE_AI_API_KEY: text(4096).optional(),
  GEMINI_API_KEY: text(4096).optional(),
  ANTHROPIC_API_KEY: text(4096).optional(),
} as const;

export type VariableName = keyof typeof VARIABLES;
export type Values = { readonly [Name in VariableName]: z.output<(typeof VARIABLES)[Name]> };

/** The gateway refuses a variable with one of these prefixes that is not in VARIABLES, because its name is probably mistyped. */
export const OWN_PREFIXES = [
  'TEE_',
  'AUTH_',
  'PAGE_',
  'ATTESTATION_',
  'DELIVERY_',
  'RATE_LIMIT_',
  'ENCLAVE_',
  'TRUSTED_',
  'MAX_CONNECTIONS',
  'CORS_',
  'DEFAULT_USER_',
  'MESSAGES_PER_',
  'SYSTEM_HOUR',
  'EMERGENCY_',
  'METRICS_',
  'SHUTDOWN_',
  'ADMISSION_',
  'RETENTION_',
  'RESIDENCE_',
  'AGENT',
] as const;
