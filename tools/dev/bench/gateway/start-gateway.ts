import { developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { freePort, spawnService, temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { migrate, startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { redisAvailability, startRedis } from '@communique-tee/testing/redis';
import { createTokenIssuer } from '@communique-tee/identity-simulator/tokens';
import { HIGH_RATE_LIMITS } from '@communique-tee/test-system';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const USERS = 64;
const ENOUGH_DOLLARS = '100000000.00';
const SETTLE_MS = 100;

export interface BenchGateway {
  readonly url: string;
  readonly pid: number;
  /** One token for each user. */
  readonly tokens: readonly string[];
  readonly postgres: Postgres;
  readonly databaseUrl: string;
  /** Whether rate limits are counted in a real Redis. */
  readonly withRedis: boolean;
  readonly folder: string;
  /** What the process has printed. */
  output(): string;
  stop(): Promise<void>;
}

export interface BenchGatewayOptions {
  /** Where the gateway's CPU profile is written when it stops. */
  readonly profile?: { readonly folder: string; readonly name: string } | undefined;
  /** Whether Node's inspector listens on a free port of loopback. */
  readonly inspected?: boolean | undefined;
  /** More environment variables, or other values for those set below. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Starts the gateway's bundle in a separate process, with its own PostgreSQL (with fsync) and, if Redis is installed, its own Redis. There
 * is no enclave, so accepted messages stay queued. No limit or cap is reached.
 */
export async function startGateway({
  profile,
  inspected = false,
  environment = {},
}: BenchGatewayOptions = {}): Promise<BenchGateway> {
  const stops = new AsyncDisposableStack();
  const stop = () => stops.disposeAsync();
  try {
    const folder = await temporaryFolder('bench-gateway');
    stops.defer(() => folder.remove());
    const postgres = await startPostgres({ folder: join(folder.path, 'postgres'), persistent: true });
    stops.defer(() => postgres.stop());
    const databaseUrl = await postgres.createDatabase('bench');
    await migrate(databaseUrl);
    const redis = redisAvailability({ own: true }).available ? await startRedis({ own: true }) : undefined;
    if (redis !== undefined) stops.defer(() => redis.stop());
    const issuer = await createTokenIssuer(folder.path);
    const rootFile = join(folder.path, 'development-root.pem');
    writeFileSync(rootFile, await developmentRootPem(join(folder.path, 'nsm')));
    const port = await freePort();
    const url = `http://127.0.0.1:${String(port)}`;
    const service = await spawnService({
      command: process.execPath,
      args: [
        ...profiling(profile),
        ...(inspected ? ['--inspect=127.0.0.1:0'] : []),
        await bundleOfGateway(profile?.folder ?? folder.path),
      ],
      cwd: folder.path,
      env: {
        NODE_ENV: 'development',
        LOG_LEVEL: 'error',
        PORT: String(port),
        DATABASE_URL: databaseUrl,
        ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
        AUTH_ISSUER: issuer.issuer,
        AUTH_AUDIENCE: issuer.audience,
        AUTH_JWKS_FILE: issuer.jwksFile,
        TEE_PROVIDER: 'mock',
        ENCLAVE_URL: `tcp:127.0.0.1:${String(await freePort())}`,
        TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
        TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
        ATTESTATION_DEVELOPMENT_ROOT_FILE: rootFile,
        ...HIGH_RATE_LIMITS,
        ADMISSION_MAX_WAITING: '10000000',
        ADMISSION_MAX_AGE_SECONDS: '604800',
        MAX_CONNECTIONS_PER_ADDRESS: '4000',
        MESSAGES_PER_USER_DAY: '0',
        DEFAULT_USER_DAILY_LIMIT: ENOUGH_DOLLARS,
        SYSTEM_HOURLY_LIMIT: ENOUGH_DOLLARS,
        EMERGENCY_SHUTDOWN_THRESHOLD: ENOUGH_DOLLARS,
        ...environment,
      },
      readyWhen: async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok === true,
      readyTimeoutMs: 30_000,
    });
    stops.defer(async () => void (await service.stop()));
    await new Promise((settled) => setTimeout(settled, SETTLE_MS));
    const tokens = await Promise.all(Array.from({ length: USERS }, (_, user) => issuer.token(`bench-${String(user)}`)));
    return {
      url,
      pid: service.pid,
      tokens,
      postgres,
      databaseUrl,
      withRedis: redis !== undefined,
      folder: folder.path,
      output: () => service.output(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function profiling(profile: BenchGatewayOptions['profile']): string[] {
  if (profile === undefined) return [];
  const folder = resolve(profile.folder);
  mkdirSync(folder, { recursive: true });
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${profile.name}.cpuprofile`];
}

/** Bundles into a separate folder, because another process may rebuild `dist` meanwhile. */
async function bundleOfGateway(folder: string): Promise<string> {
  const outdir = resolve(folder, 'bundle');
  await promisify(execFile)(
    process.execPath,
    [join(workspaceRoot(), 'tools/dev/build/build.mjs'), 'gateway', '--outdir', outdir],
    { cwd: workspaceRoot() },
  );
  return join(outdir, 'main.js');
}
