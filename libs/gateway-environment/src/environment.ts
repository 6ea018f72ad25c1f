import { readFileSync } from 'node:fs';
import type { MeasurementSet } from '@communique-tee/attestation';
import { closestName } from './closest-name';
import { highestCostOfMessage } from './delivery-price';
import { brokenSignInRules, pageSignInOf } from './page-sign-in';
import type { GatewayConfig } from './gateway-config';
import { brokenResidenceRules, residenceOf } from './residence';
import { isUnencryptedRemote } from './sentry-dsn';
import { OWN_PREFIXES, type Values, type VariableName, VARIABLES } from './variables';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ParsedEnvironment = { ok: true; config: GatewayConfig } | { ok: false; problems: string[] };

/** Variables that the older deployment guide set here. Only the enclave may have their values, so the gateway reports and ignores them. */
export const ENCLAVE_SECRETS = [
  'OPENAI_API_KEY',
  'OPENAI_ORGANIZATION',
  'GOOGLE_AI_API_KEY',
  'GEMINI_API_KEY',
  'ANTHROPIC_API_KEY',
] as const;

/**
 * Reads the whole environment. `problems` has one line `NAME: rule` for each wrong variable, never its value.
 * @param readFile reads a PEM file that a variable names
 */
export function parseEnvironment(
  environment: Environment,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): ParsedEnvironment {
  const given = new Map(
    Object.entries(environment).flatMap(([name, text]) => {
      const given = givenText(text);
      return given === undefined ? [] : [[name, given] as const];
    }),
  );
  const problems = new Map<string, string>();
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(VARIABLES)) {
    const parsed = schema.safeParse(given.get(name));
    if (parsed.success) values[name] = parsed.data;
    else problems.set(name, parsed.error.issues[0]?.message ?? 'is not valid');
  }
  for (const name of Object.keys(environment)) {
    if (OWN_PREFIXES.some((prefix) => name.startsWith(prefix)) && !Object.hasOwn(VARIABLES, name))
      problems.set(name, unknownVariable(name));
  }
  const isSet = (name: VariableName) => given.has(name);
  const trustAnchorPem = readPem(given.get('ATTESTATION_DEVELOPMENT_ROOT_FILE'), readFile);
  // Each variable is reported once, with its first problem.
  for (const [name, rule] of brokenRules(values as Partial<Values>, isSet, trustAnchorPem))
    if (!problems.has(name)) problems.set(name, rule);
  if (problems.size > 0) return { ok: false, problems: [...problems].map((problem) => problem.join(': ')).sort() };
  return { ok: true, config: configOf(values as Values, isSet, trustAnchorPem.pem) };
}

/** Returns a variable's text without space around it. Returns undefined for an empty text, so that the default applies. */
export function givenText(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** Returns the problem of an unknown variable, with a similar name if there is one. */
export function unknownVariable(name: string): string {
  const meant = closestName(name, Object.keys(VARIABLES));
  return `is not a variable that the gateway knows${meant === undefined ? '' : `; did you mean ${meant}?`} (.env.example lists them)`;
}

/** Yields the broken rules about several variables. `values` contains only valid values. */
function* brokenRules(
  values: Partial<Values>,
  isSet: (name: VariableName) => boolean,
  root: ReadPem,
): Generator<[VariableName, string]> {
  // The strict rules also apply if NODE_ENV is not valid
  const production = (values.NODE_ENV ?? 'production') === 'production';
  if (production && !isSet('REDIS_URL'))
    yield ['REDIS_URL', 'is required in production: without it each process counts rate limits on its own'];

  if (isSet('AUTH_JWKS_URL') === isSet('AUTH_JWKS_FILE')) yield ['AUTH_JWKS_URL', 'set either this or AUTH_JWKS_FILE'];
  if (production && values.AUTH_JWKS_URL?.startsWith('http:'))
    yield [
      'AUTH_JWKS_URL',
      'must be https:// in production: anyone who can alter the keys in transit can impersonate any user',
    ];

  yield* brokenSignInRules(values, isSet, production);
  yield* brokenResidenceRules(values, isSet, production);

  if (!isSet('TEE_ENDPOINT') && !isSet('ENCLAVE_URL') && !isSet('ENCLAVE_URLS'))
    yield ['TEE_ENDPOINT', 'is required (or ENCLAVE_URL, or ENCLAVE_URLS): where the enclave listens'];
  const { TEE_ENDPOINT: endpoint, ENCLAVE_URL: url } = values;
  if (url !== undefined && endpoint !== undefined && url !== endpoint)
    yield ['ENCLAVE_URL', 'names another place than TEE_ENDPOINT: set only one of them'];
  const address = url ?? endpoint;
  const addresses = addressesOf(values);
  if (address !== undefined && !addresses.includes(address))
    yield ['ENCLAVE_URLS', 'must include the address in ENCLAVE_URL or TEE_ENDPOINT'];
  const addressVariable = (['ENCLAVE_URLS', 'ENCLAVE_URL'] as const).find(isSet) ?? 'TEE_ENDPOINT';
  if (production && addresses.some((each) => each.startsWith('hybrid:')))
    yield [
      addressVariable,
      'must not be hybrid: in production: that is an emulated enclave, whose documents no root of AWS signs',
    ];
  if (production && addresses.some((each) => /^tcp:(?!127\.|localhost:|\[::1\]:)/.test(each)))
    yield [addressVariable, 'must stay on this machine in production (vsock, unix or loopback)'];

  const verify = values.TEE_ENABLE_ATTESTATION_VERIFICATION ?? true;
  const mock = values.TEE_PROVIDER === 'mock';
  if (production && !verify) yield ['TEE_ENABLE_ATTESTATION_VERIFICATION', 'cannot be switched off in production'];
  if (!verify && addresses.length > 1)
    yield ['ENCLAVE_URLS', 'names more than one enclave, but only verified attestation shows which enclave has a key'];
  if (!verify && values.AGENTS === 'on')
    yield [
      'AGENTS',
      'needs verified attestation: the enclave attests which models there are, and signs what they cost',
    ];
  if (production && mock) yield ['TEE_PROVIDER', 'mock is for development, not for production'];
  if (verify && !isSet('TEE_EXPECTED_CODE_HASH'))
    yield [
      'TEE_EXPECTED_CODE_HASH',
      'is required while attestation is verified: sha384:<96 hex of PCR0>[,...]; nothing is accepted by default',
    ];
  if (verify && !isSet('TEE_EXPECTED_OPERATOR'))
    yield [
      'TEE_EXPECTED_OPERATOR',
      'is required while attestation is verified: sha384:<96 hex of PCR3>[,...], or the ARN of the parent’s role; any accepts the image under every AWS account',
    ];
  if (isSet('ATTESTATION_DEVELOPMENT_ROOT_FILE')) {
    if (production) yield ['ATTESTATION_DEVELOPMENT_ROOT_FILE', 'is refused in production: the root is that of AWS'];
    if (!mock) yield ['ATTESTATION_DEVELOPMENT_ROOT_FILE', 'is allowed only with TEE_PROVIDER=mock'];
    if (root.problem !== undefined) yield ['ATTESTATION_DEVELOPMENT_ROOT_FILE', root.problem];
  } else if (mock && verify) {
    yield [
      'ATTESTATION_DEVELOPMENT_ROOT_FILE',
      'is required with TEE_PROVIDER=mock while attestation is verified: the development root of the mock NSM (PEM)',
    ];
  }

  if (isAtLeast(values.ENCLAVE_TIMEOUT_MS, values.DELIVERY_LEASE_MS))
    yield [
      'DELIVERY_LEASE_MS',
      'must be more than ENCLAVE_TIMEOUT_MS: otherwise a message is leased again while the enclave still works on it',
    ];
  const mostOfMessage = highestCostOfMessage(values.DELIVERY_PRICE_PER_OFFICE ?? 0n);
  for (const name of ['DEFAULT_USER_DAILY_LIMIT', 'SYSTEM_HOURLY_LIMIT', 'EMERGENCY_SHUTDOWN_THRESHOLD'] as const) {
    const limit = values[name];
    if (limit !== undefined && limit < mostOfMessage)
      yield [
        name,
        `is less than one message can cost at DELIVERY_PRICE_PER_OFFICE (${String(mostOfMessage)} micro-dollars): no message would be accepted`,
      ];
  }
  const { DELIVERY_MIN_BACKOFF_MS: least, DELIVERY_MAX_BACKOFF_MS: most } = values;
  if (least !== undefined && most !== undefined && least > most)
    yield ['DELIVERY_MIN_BACKOFF_MS', 'must not be more than DELIVERY_MAX_BACKOFF_MS'];

  if (values.METRICS_PORT !== undefined && values.METRICS_PORT !== 0 && values.METRICS_PORT === values.PORT)
    yield ['METRICS_PORT', 'is the same as PORT: metrics need another port'];
  if (production && values.SENTRY_DSN !== undefined && isUnencryptedRemote(values.SENTRY_DSN))
    yield ['SENTRY_DSN', 'must be https:// in production, unless it is on this machine'];
  if (isAtLeast(drainMsOf(values), values.SHUTDOWN_TIMEOUT_MS))
    yield ['SHUTDOWN_TIMEOUT_MS', 'must be more than SHUTDOWN_DRAIN_MS: otherwise no time is left after draining'];
}

/** Returns false if the time or its bound is not known. */
const isAtLeast = (time: number | undefined, bound: number | undefined) =>
  time !== undefined && bound !== undefined && time >= bound;

/** In production, a load balancer needs time to notice that readiness fails. */
const drainMsOf = ({ SHUTDOWN_DRAIN_MS, NODE_ENV }: Partial<Values>) =>
  SHUTDOWN_DRAIN_MS ?? (NODE_ENV === 'production' ? 5000 : 0);

const addressesOf = ({ ENCLAVE_URLS, ENCLAVE_URL, TEE_ENDPOINT }: Partial<Values>) =>
  ENCLAVE_URLS ?? ([ENCLAVE_URL ?? TEE_ENDPOINT ?? ''] as const);

/** Returns one set for each pair of an accepted image and an accepted operator. */
function acceptedOf({ TEE_EXPECTED_CODE_HASH: images = [], TEE_EXPECTED_OPERATOR: operator = [] }: Values) {
  return images.flatMap(({ pcr0 }): MeasurementSet[] =>
    operator === 'any' ? [{ pcr0, operator }] : operator.map((pcr3) => ({ pcr0, pcr3 })),
  );
}

function configOf(
  values: Values,
  isSet: (name: VariableName) => boolean,
  trustAnchorPem: string | undefined,
): GatewayConfig {
  const signIn = pageSignInOf(values);
  const jwks = { timeoutMs: values.AUTH_JWKS_TIMEOUT_MS, cooldownMs: values.AUTH_JWKS_COOLDOWN_MS };
  return {
    environment: values.NODE_ENV,
    http: {
      host: values.HOST,
      port: values.PORT,
      requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
      trustedProxies: values.TRUSTED_PROXIES,
      maxConnections: values.MAX_CONNECTIONS,
      maxConnectionsPerAddress: values.MAX_CONNECTIONS_PER_ADDRESS,
      corsOrigins: values.CORS_ORIGINS,
    },
    database: { url: values.DATABASE_URL, poolSize: values.DATABASE_POOL_SIZE },
    ...(values.REDIS_URL !== undefined && { redis: { url: values.REDIS_URL } }),
    log: { level: values.LOG_LEVEL },
    rateLimits: {
      windowMs: values.RATE_LIMIT_WINDOW,
      maxRequests: values.RATE_LIMIT_MAX_REQUESTS,
      attestationMaxRequests: values.RATE_LIMIT_ATTESTATION_MAX_REQUESTS,
      otherMaxRequests: values.RATE_LIMIT_OTHER_MAX_REQUESTS,
      proofMaxRequests: values.RATE_LIMIT_PROOF_MAX_REQUESTS,
    },
    budget: {
      userDayCapMicroUsd: values.DEFAULT_USER_DAILY_LIMIT,
      userDayMessages: values.MESSAGES_PER_USER_DAY,
      systemHourCapMicroUsd: values.SYSTEM_HOURLY_LIMIT,
      systemDayCapMicroUsd: values.EMERGENCY_SHUTDOWN_THRESHOLD,
      deliveryPriceMicroUsd: values.DELIVERY_PRICE_PER_OFFICE,
    },
    auth: {
      issuer: values.AUTH_ISSUER,
      audience: values.AUTH_AUDIENCE,
      algorithms: values.AUTH_ALGORITHMS,
      tokenType: values.AUTH_TOKEN_TYPE,
      clockSkewSeconds: values.AUTH_CLOCK_SKEW_SECONDS,
      adminScope: values.AUTH_ADMIN_SCOPE,
      jwks:
        values.AUTH_JWKS_URL === undefined
          ? { file: values.AUTH_JWKS_FILE ?? '', staleMs: values.AUTH_JWKS_STALE_MS }
          : { url: values.AUTH_JWKS_URL, ...jwks, staleMs: values.AUTH_JWKS_STALE_MS },
    },
    page: {
      ...(signIn !== undefined && { signIn }),
      ...(values.PAGE_VERIFIER_URL !== undefined && { verifierUrl: new URL(values.PAGE_VERIFIER_URL).href }),
    },
    residence: residenceOf(values),
    enclave: { addresses: addressesOf(values), timeoutMs: values.ENCLAVE_TIMEOUT_MS },
    agents: { on: values.AGENTS === 'on', timeoutMs: values.AGENT_TIMEOUT_MS },
    keys: {
      intervalMs: values.ENCLAVE_KEYS_INTERVAL_MS,
      ...(values.ENCLAVE_SECRETS_FILE !== undefined && { secretsFile: values.ENCLAVE_SECRETS_FILE }),
    },
    attestation: {
      verify: values.TEE_ENABLE_ATTESTATION_VERIFICATION,
      acceptedMeasurements: acceptedOf(values),
      ...(trustAnchorPem !== undefined && { trustAnchorPem }),
      cacheMs: values.ATTESTATION_CACHE_MS,
      maxAgeMs: values.ATTESTATION_MAX_AGE_MS,
    },
    admission: { maxWaiting: values.ADMISSION_MAX_WAITING, maxAgeMs: values.ADMISSION_MAX_AGE_SECONDS * 1000 },
    retention: { messagesDays: values.RETENTION_MESSAGES_DAYS, ledgerDays: values.RETENTION_LEDGER_DAYS },
    delivery: {
      concurrency: values.DELIVERY_CONCURRENCY,
      leaseMs: values.DELIVERY_LEASE_MS,
      minBackoffMs: values.DELIVERY_MIN_BACKOFF_MS,
      maxBackoffMs: values.DELIVERY_MAX_BACKOFF_MS,
      pollMs: values.DELIVERY_POLL_MS,
    },
    metrics: {
      ...(values.METRICS_PORT !== undefined && {
        listen: { host: values.METRICS_HOST, port: values.METRICS_PORT },
      }),
      ...(values.METRICS_ENDPOINT !== undefined && {
        push: { endpoint: values.METRICS_ENDPOINT, intervalMs: values.METRICS_PUSH_INTERVAL_MS },
      }),
    },
    ...(values.SENTRY_DSN !== undefined && { errorReports: values.SENTRY_DSN }),
    shutdown: { drainMs: drainMsOf(values), timeoutMs: values.SHUTDOWN_TIMEOUT_MS },
    notices: noticesOf(isSet, values),
  };
}

interface ReadPem {
  readonly pem?: string;
  readonly problem?: string;
}

function readPem(path: string | undefined, readFile: (path: string) => string): ReadPem {
  if (path === undefined) return {};
  try {
    const pem = readFile(path);
    return /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(pem)
      ? { pem }
      : { problem: 'names a file that holds no PEM certificate' };
  } catch {
    return { problem: 'names a file that cannot be read' };
  }
}

function noticesOf(
  isSet: (name: VariableName) => boolean,
  { TEE_ENABLE_ATTESTATION_VERIFICATION: verify, TEE_EXPECTED_OPERATOR: operator, RESIDENCE: residence }: Values,
): GatewayConfig['notices'] {
  const notices: { variable: string; text: string }[] = [];
  for (const variable of ENCLAVE_SECRETS) {
    if (isSet(variable))
      notices.push({
        variable,
        text: 'is set here, but only the enclave may have it: the gateway did not use it and has dropped it; remove it from this machine',
      });
  }
  if (!isSet('REDIS_URL'))
    notices.push({
      variable: 'REDIS_URL',
      text: 'is not set: this process counts rate limits on its own',
    });
  if (!verify)
    notices.push({
      variable: 'TEE_ENABLE_ATTESTATION_VERIFICATION',
      text: 'is false: the gateway does not check which code runs in the enclave',
    });
  if (verify && operator === 'any')
    notices.push({
      variable: 'TEE_EXPECTED_OPERATOR',
      text: 'is any: the gateway relays to accepted images under any operator',
    });
  for (const variable of [
    'RESIDENCE_REGISTRAR',
    'RESIDENCE_KEYS',
    'RESIDENCE_FILES_URL',
    'RESIDENCE_REFERENCE_STRING_FILE',
  ] as const)
    if (residence === 'off' && isSet(variable))
      notices.push({ variable, text: 'is set, but does nothing while RESIDENCE is off' });
  return notices;
}
