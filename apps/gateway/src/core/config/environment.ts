import { readFileSync } from 'node:fs';
import { highestCostOfMessageMicroUsd } from './prices';
import type { GatewayConfig } from './gateway-config';
import { parseExpectedCodeHash } from './expected-code-hash';
import { leavesMachineInClear } from './sentry-dsn';
import { OWN_PREFIXES, VARIABLES, type Values, type VariableName } from './variables';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ParsedEnvironment = { ok: true; config: GatewayConfig } | { ok: false; problems: string[] };

/** Secrets of the enclave: see .env.example. They are reported by name and taken out of this process. */
export const ENCLAVE_SECRETS = [
  'OPENAI_API_KEY',
  'OPENAI_ORGANIZATION',
  'GOOGLE_AI_API_KEY',
  'ANTHROPIC_API_KEY',
] as const;

/** Reads the whole environment. Every problem is in the list, each as `NAME: rule`, never with the value. */
export function parseEnvironment(
  environment: Environment,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): ParsedEnvironment {
  const problems: string[] = [];
  const values = readValues(environment, problems);
  const problem = (name: VariableName, text: string) => {
    if (!problems.some((line) => line.startsWith(`${name}: `))) problems.push(`${name}: ${text}`);
  };
  const isSet = (name: VariableName) => textOf(environment, name) !== undefined;
  const required = (name: VariableName, why = 'is required') => {
    if (!isSet(name)) problem(name, why);
  };

  // Whoever forgets to say where this runs gets the strict rules
  const mode = values.NODE_ENV ?? 'production';
  const production = mode === 'production';
  for (const name of ['DATABASE_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'] as const) required(name);
  if (production)
    required('REDIS_URL', 'is required in production: without it rate limits are counted in each process alone');

  if (isSet('AUTH_JWKS_URL') === isSet('AUTH_JWKS_FILE')) problem('AUTH_JWKS_URL', 'set either this or AUTH_JWKS_FILE');
  if (production && values.AUTH_JWKS_URL?.startsWith('http:'))
    problem('AUTH_JWKS_URL', 'must be https:// in production: whoever changes these keys on the way is everybody');

  if (!isSet('ENCLAVE_URL') && !isSet('ENCLAVE_URLS'))
    required('TEE_ENDPOINT', 'is required (or ENCLAVE_URL, or ENCLAVE_URLS): where the enclave listens');
  if (
    values.ENCLAVE_URL !== undefined &&
    values.TEE_ENDPOINT !== undefined &&
    values.ENCLAVE_URL !== values.TEE_ENDPOINT
  )
    problem('ENCLAVE_URL', 'names another place than TEE_ENDPOINT: set one of the two');
  const address = values.ENCLAVE_URL ?? values.TEE_ENDPOINT;
  const addresses = values.ENCLAVE_URLS ?? ([address ?? ''] as const);
  if (address !== undefined && !addresses.includes(address))
    problem('ENCLAVE_URLS', 'names all enclaves, but not the one of ENCLAVE_URL or TEE_ENDPOINT');
  const leavesMachine = (address: string) =>
    address.startsWith('tcp:') && !/^tcp:(127\.|localhost:|\[::1\]:)/.test(address);
  const addressVariable = isSet('ENCLAVE_URLS')
    ? 'ENCLAVE_URLS'
    : isSet('ENCLAVE_URL')
      ? 'ENCLAVE_URL'
      : 'TEE_ENDPOINT';
  if (production && addresses.some((address) => address.startsWith('hybrid:')))
    problem(
      addressVariable,
      'must not be hybrid: in production: that is an emulated enclave, whose documents no root of AWS signs',
    );
  if (production && addresses.some(leavesMachine))
    problem(addressVariable, 'must stay on this machine in production (vsock, unix or loopback)');

  const verify = values.TEE_ENABLE_ATTESTATION_VERIFICATION ?? true;
  if (production && !verify) problem('TEE_ENABLE_ATTESTATION_VERIFICATION', 'cannot be switched off in production');
  if (!verify && addresses.length > 1)
    problem(
      'ENCLAVE_URLS',
      'names more than one enclave, and which of them holds a key only verified attestation can tell',
    );
  const mock = values.TEE_PROVIDER === 'mock';
  if (production && mock) problem('TEE_PROVIDER', 'mock is for development, not for production');
  let acceptedMeasurements: GatewayConfig['attestation']['acceptedMeasurements'] = [];
  if (verify)
    required(
      'TEE_EXPECTED_CODE_HASH',
      'is required while attestation is verified: sha384:<96 hex of PCR0>[,...]; nothing is accepted by default',
    );
  if (values.TEE_EXPECTED_CODE_HASH !== undefined) {
    const parsed = parseExpectedCodeHash(values.TEE_EXPECTED_CODE_HASH);
    if (parsed.ok) acceptedMeasurements = parsed.measurements;
    else problem('TEE_EXPECTED_CODE_HASH', parsed.problem);
  }
  let trustAnchorPem: string | undefined;
  if (values.ATTESTATION_DEVELOPMENT_ROOT_FILE !== undefined) {
    if (production) problem('ATTESTATION_DEVELOPMENT_ROOT_FILE', 'is refused in production: the root is that of AWS');
    else if (!mock) problem('ATTESTATION_DEVELOPMENT_ROOT_FILE', 'goes with TEE_PROVIDER=mock only');
    else
      trustAnchorPem = readPem(values.ATTESTATION_DEVELOPMENT_ROOT_FILE, readFile, (text) => {
        problem('ATTESTATION_DEVELOPMENT_ROOT_FILE', text);
      });
  } else if (mock && verify) {
    problem(
      'ATTESTATION_DEVELOPMENT_ROOT_FILE',
      'is required with TEE_PROVIDER=mock while attestation is verified: the development root of the mock NSM (PEM)',
    );
  }

  const timeoutMs = values.ENCLAVE_TIMEOUT_MS ?? 60_000;
  const leaseMs = values.DELIVERY_LEASE_MS ?? 120_000;
  if (leaseMs <= timeoutMs)
    problem(
      'DELIVERY_LEASE_MS',
      'must be more than ENCLAVE_TIMEOUT_MS: a message would be leased again while it is on its way',
    );
  const minBackoffMs = values.DELIVERY_MIN_BACKOFF_MS ?? 1000;
  const maxBackoffMs = values.DELIVERY_MAX_BACKOFF_MS ?? 300_000;
  for (const name of ['DEFAULT_USER_DAILY_LIMIT', 'SYSTEM_HOURLY_LIMIT', 'EMERGENCY_SHUTDOWN_THRESHOLD'] as const) {
    if ((values[name] ?? highestCostOfMessageMicroUsd) < highestCostOfMessageMicroUsd) {
      problem(
        name,
        `is less than one message can cost (${String(highestCostOfMessageMicroUsd)} micro-dollars): nothing would ever be accepted`,
      );
    }
  }
  if (minBackoffMs > maxBackoffMs) problem('DELIVERY_MIN_BACKOFF_MS', 'must not be more than DELIVERY_MAX_BACKOFF_MS');

  if (values.METRICS_PORT !== undefined && values.METRICS_PORT !== 0 && values.METRICS_PORT === (values.PORT ?? 3001))
    problem('METRICS_PORT', 'is the same as PORT: metrics have a listener of their own');
  if (production && values.SENTRY_DSN !== undefined && leavesMachineInClear(values.SENTRY_DSN))
    problem('SENTRY_DSN', 'must be https:// in production, unless it is on this machine');
  // While it drains, what stands in front of it is told to look elsewhere; on a developer's machine nothing stands there
  const drainMs = values.SHUTDOWN_DRAIN_MS ?? (production ? 5000 : 0);
  const shutdownTimeoutMs = values.SHUTDOWN_TIMEOUT_MS ?? 25_000;
  if (shutdownTimeoutMs <= drainMs)
    problem('SHUTDOWN_TIMEOUT_MS', 'must be more than SHUTDOWN_DRAIN_MS: nothing could be finished after draining');

  if (problems.length > 0) return { ok: false, problems: problems.sort() };
  return {
    ok: true,
    config: {
      environment: mode,
      http: {
        host: values.HOST ?? '127.0.0.1',
        port: values.PORT ?? 3001,
        requestTimeoutMs: values.REQUEST_TIMEOUT_MS ?? 15_000,
        trustedProxies: values.TRUSTED_PROXIES ?? [],
        maxConnections: values.MAX_CONNECTIONS ?? 4000,
        maxConnectionsPerAddress: values.MAX_CONNECTIONS_PER_ADDRESS ?? 500,
        corsOrigins: values.CORS_ORIGINS ?? [],
      },
      database: { url: values.DATABASE_URL ?? '', poolSize: values.DATABASE_POOL_SIZE ?? 20 },
      ...(values.REDIS_URL === undefined ? {} : { redis: { url: values.REDIS_URL } }),
      log: { level: values.LOG_LEVEL ?? 'info' },
      rateLimits: {
        windowMs: values.RATE_LIMIT_WINDOW ?? 60_000,
        maxRequests: values.RATE_LIMIT_MAX_REQUESTS ?? 100,
        attestationMaxRequests: values.RATE_LIMIT_ATTESTATION_MAX_REQUESTS ?? 20,
        otherMaxRequests: values.RATE_LIMIT_OTHER_MAX_REQUESTS ?? 600,
      },
      budget: {
        userDayCapMicroUsd: values.DEFAULT_USER_DAILY_LIMIT ?? 10_000_000n,
        systemHourCapMicroUsd: values.SYSTEM_HOURLY_LIMIT ?? 100_000_000n,
        systemDayCapMicroUsd: values.EMERGENCY_SHUTDOWN_THRESHOLD ?? 500_000_000n,
      },
      auth: {
        issuer: values.AUTH_ISSUER ?? '',
        audience: values.AUTH_AUDIENCE ?? '',
        algorithms: values.AUTH_ALGORITHMS ?? ['Ed25519', 'EdDSA', 'ES256', 'RS256'],
        clockSkewSeconds: values.AUTH_CLOCK_SKEW_SECONDS ?? 30,
        adminScope: values.AUTH_ADMIN_SCOPE ?? 'communique:admin',
        jwks:
          values.AUTH_JWKS_URL === undefined
            ? { file: values.AUTH_JWKS_FILE ?? '' }
            : {
                url: values.AUTH_JWKS_URL,
                timeoutMs: values.AUTH_JWKS_TIMEOUT_MS ?? 5000,
                cooldownMs: values.AUTH_JWKS_COOLDOWN_MS ?? 30_000,
                staleMs: values.AUTH_JWKS_STALE_MS ?? 43_200_000,
              },
      },
      enclave: { addresses, timeoutMs },
      keys: {
        intervalMs: values.ENCLAVE_KEYS_INTERVAL_MS ?? 15_000,
        ...(values.ENCLAVE_SECRETS_FILE === undefined ? {} : { secretsFile: values.ENCLAVE_SECRETS_FILE }),
      },
      attestation: {
        verify,
        acceptedMeasurements,
        ...(trustAnchorPem === undefined ? {} : { trustAnchorPem }),
        cacheMs: values.ATTESTATION_CACHE_MS ?? 30_000,
        maxAgeMs: values.ATTESTATION_MAX_AGE_MS ?? 300_000,
      },
      admission: {
        maxWaiting: values.ADMISSION_MAX_WAITING ?? 50_000,
        maxAgeMs: (values.ADMISSION_MAX_AGE_SECONDS ?? 900) * 1000,
      },
      retention: {
        messagesDays: values.RETENTION_MESSAGES_DAYS ?? 30,
        ledgerDays: values.RETENTION_LEDGER_DAYS ?? 400,
      },
      delivery: {
        concurrency: values.DELIVERY_CONCURRENCY ?? 8,
        leaseMs,
        minBackoffMs,
        maxBackoffMs,
        pollMs: values.DELIVERY_POLL_MS ?? 1000,
      },
      metrics: {
        ...(values.METRICS_PORT === undefined
          ? {}
          : { listen: { host: values.METRICS_HOST ?? '127.0.0.1', port: values.METRICS_PORT } }),
        ...(values.METRICS_ENDPOINT === undefined
          ? {}
          : { push: { endpoint: values.METRICS_ENDPOINT, intervalMs: values.METRICS_PUSH_INTERVAL_MS ?? 30_000 } }),
      },
      ...(values.SENTRY_DSN === undefined ? {} : { errorReports: values.SENTRY_DSN }),
      shutdown: { drainMs, timeoutMs: shutdownTimeoutMs },
      notices: noticesOf(isSet, verify),
    },
  };
}

function readValues(environment: Environment, problems: string[]): Values {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(VARIABLES)) {
    const text = textOf(environment, name);
    if (text === undefined) continue;
    const parsed = schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name}: ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
  }
  for (const name of Object.keys(environment)) {
    if (OWN_PREFIXES.some((prefix) => name.startsWith(prefix)) && !Object.hasOwn(VARIABLES, name))
      problems.push(`${name}: is not a variable that the gateway knows (.env.example lists them)`);
  }
  return values;
}

function textOf(environment: Environment, name: string): string | undefined {
  const text = environment[name]?.trim();
  return text === '' ? undefined : text;
}

function readPem(
  path: string,
  readFile: (path: string) => string,
  problem: (text: string) => void,
): string | undefined {
  try {
    const pem = readFile(path);
    if (/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(pem)) return pem;
    problem('names a file that holds no PEM certificate');
  } catch {
    problem('names a file that cannot be read');
  }
  return undefined;
}

function noticesOf(isSet: (name: VariableName) => boolean, verify: boolean): GatewayConfig['notices'] {
  const notices: { variable: string; text: string }[] = [];
  for (const variable of ENCLAVE_SECRETS) {
    if (isSet(variable))
      notices.push({
        variable,
        text: 'is set here, but belongs to the enclave alone: the gateway does not use it and has dropped it; remove it from this machine',
      });
  }
  if (!isSet('REDIS_URL'))
    notices.push({
      variable: 'REDIS_URL',
      text: 'is not set: rate limits are counted in this process, for one process only',
    });
  if (!verify)
    notices.push({
      variable: 'TEE_ENABLE_ATTESTATION_VERIFICATION',
      text: 'is false: nobody checks here which code runs in the enclave',
    });
  return notices;
}
