import type { Chamber } from '@communique-tee/protocol';
import { startIdentityProvider, type IdentityProvider } from '@communique-tee/identity-simulator';
import {
  describeProviders,
  startProviders,
  type ProvidersOptions,
  type SimulatedProviders,
} from '@communique-tee/test-providers';
import { freePort, spawnService, type Service } from '@communique-tee/testing/harness';
import { migrate, startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { environmentText } from './environment-text';
import { buildApps } from './build-apps';
import { readCongress, startCongress, type DescribedCongress } from './congress';
import { developmentEnclave, type AgentsSettings, type ResidenceSettings } from './development-enclave';
import type { EnclaveProvider, EnclaveSurroundings, RunningEnclave } from './enclave-provider';
import { startKeyGuard, type KeyGuard } from './key-guard';

export interface SystemOptions {
  /** For the database, the development root and its key, and logs. */
  folder: string;
  /** Whether the next start uses the same database. */
  persistent?: boolean;
  /** The preferred port. If it is 0 or taken, a free port is used. The same applies to `identityPort`. */
  gatewayPort?: number;
  identityPort?: number;
  redisUrl?: string;
  /** The number of gateways, which share the database and the enclaves; default 1. */
  gateways?: number;
  /** The number of enclaves, all of one image; default 1. */
  enclaves?: number;
  /**
   * `process` (default): each enclave's keys end with its process. `sealed`: a KMS simulator guards the keys and the chambers' API keys.
   */
  keys?: 'process' | 'sealed';
  legacySuite?: boolean;
  /** If given, a simulator of model providers runs in this process, and enclaves and gateways accept tasks for models. */
  agents?: SystemAgents | undefined;
  /** Which proofs of residence enclaves and gateways accept; default none. A function is called after PostgreSQL has started. */
  residence?: ResidenceSettings | (() => Promise<ResidenceSettings>) | undefined;
  /** Further settings of PostgreSQL, such as `{ fsync: 'on' }`. Without `persistent`, fsync is off by default. */
  postgresSettings?: Readonly<Record<string, string>>;
  /** Gets the path of the bundled gateway, and returns the path of the program to start in its place. */
  otherGateway?: ((program: string) => Promise<string>) | undefined;
  gatewayEnvironment?: Readonly<Record<string, string>>;
  /** If given, enclaves and gateways write CPU profiles when they stop: `<name>.<enclave or gateway>.cpuprofile` in this folder. */
  profile?: { readonly folder: string; readonly name: string };
  /** The chambers that accept a repeated DeliveryId as a new message. */
  withoutDeduplication?: readonly Chamber[];
  /** Congress keeps only the Subject element of each document, for runs of many thousand messages. */
  congressKeepsSubjects?: boolean;
  /** The interval between deliveries to one chamber; default 0. */
  congressIntervalMs?: number;
  /** Makes each enclave. Default: the app as a process on a mock NSM. */
  enclave?: (surroundings: EnclaveSurroundings) => Promise<EnclaveProvider>;
  /** Runs each step of the start, for example to print its progress. */
  step?: <T>(title: string, work: () => Promise<T>) => Promise<T>;
}

export type SystemAgents = Omit<AgentsSettings, 'providersFile'> & {
  readonly providers?: Omit<ProvidersOptions, 'folder'>;
};

/**
 * A running system: PostgreSQL, the Congress simulator, the enclave (by default on a mock NSM) and the gateway, each as a separate process.
 * The identity provider runs in this process.
 */
export interface System {
  /** The URL of the first gateway. */
  gatewayUrl: string;
  gatewayUrls: readonly string[];
  /** The address of the first enclave. */
  enclaveAddress: string;
  databaseUrl: string;
  congress: DescribedCongress;
  /** Present if the system accepts tasks for models. */
  providers?: SimulatedProviders;
  issuer: IdentityProvider;
  developmentRootPem: string;
  pcr0: string;
  pcr3: string;
  /** `pcr0` and `pcr3` as a policy names them. */
  accepted: readonly [{ readonly pcr0: string; readonly pcr3: string }];
  logFolder: string;
  /** The gateway's environment as NAME=value lines. Only the owner can read the file, because it contains the database's password. */
  gatewayEnvironmentFile: string;
  postgres: Postgres;
  /** The services that run now. If there are several enclaves or gateways, the first. */
  services: Readonly<{ congress: Service; enclave: RunningEnclave; gateway: Service }>;
  /** Present if `keys` is `sealed`. */
  keyGuard?: KeyGuard;
  /** Returns the id of the process that runs now or ran last. `number` counts enclaves or gateways from 0, here and below. */
  pidOf(which: 'enclave' | 'gateway', number?: number): number | undefined;
  /** Kills the process, or stops it orderly, and then starts the same program on the same address. */
  restart(which: 'enclave' | 'gateway', how: 'kill' | 'stop'): Promise<void>;
  /** Ends the process with SIGKILL. */
  kill(which: 'enclave' | 'gateway', number?: number): Promise<void>;
  /** After `kill`: starts the same program on the same address. It may be called again after an error. @throws SupportError SERVICE_NOT_READY */
  start(which: 'enclave' | 'gateway', number?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startSystem(options: SystemOptions): Promise<System> {
  const step = options.step ?? ((_title, work) => work());
  const { folder } = options;
  const logFolder = join(folder, 'logs');
  const stops = new AsyncDisposableStack();
  const stop = () => stops.disposeAsync();
  try {
    // PostgreSQL starts first, because it refuses a folder that another system uses. Otherwise the next step deletes that system's logs.
    const postgres = await step('start PostgreSQL', () =>
      startPostgres({
        folder: join(folder, 'postgres'),
        persistent: options.persistent ?? false,
        settings: options.postgresSettings ?? {},
      }),
    );
    stops.defer(() => postgres.stop());
    await rm(logFolder, { recursive: true, force: true });
    await mkdir(logFolder, { recursive: true });
    const bundles = await step('bundle the enclave and the gateway', buildApps);
    const databaseUrl = await postgres.createDatabase('communique');
    await step('prisma migrate deploy', () => migrate(databaseUrl));

    const congressFolder = join(folder, 'congress');
    const congressService = await step('start the Congress simulator', () =>
      startCongress({
        folder: congressFolder,
        logFile: join(logFolder, 'congress.log'),
        withoutDeduplication: options.withoutDeduplication,
        onlySubjects: options.congressKeepsSubjects,
      }),
    );
    stops.defer(async () => void (await congressService.stop()));
    const congressFile = join(congressFolder, 'congress.json');
    const congress = await readCongress(congressFile);

    const { agents } = options;
    const models = agents && (await step('start the provider simulator', () => startModels(folder, agents)));
    if (models) stops.defer(() => models.providers.close());

    const residence = typeof options.residence === 'function' ? await options.residence() : options.residence;
    const profiling = (process: string): readonly string[] =>
      options.profile === undefined
        ? []
        : [
            '--cpu-prof',
            `--cpu-prof-dir=${options.profile.folder}`,
            `--cpu-prof-name=${options.profile.name}.${process}.cpuprofile`,
          ];
    const surroundings = { folder, logFolder, congress, congressFile, step };
    const keyGuard =
      options.keys === 'sealed'
        ? await step('start the KMS simulator', () =>
            startKeyGuard({ folder, congress, providersFile: models?.settings.providersFile }),
          )
        : undefined;
    if (keyGuard) stops.defer(() => keyGuard.stop());
    const providers: EnclaveProvider[] = [];
    for (let number = 0; number < (options.enclaves ?? 1); number++) {
      providers.push(
        await (options.enclave?.(surroundings) ??
          developmentEnclave(bundles.enclave, surroundings, {
            number,
            congressIntervalMs: options.congressIntervalMs,
            legacySuite: options.legacySuite,
            residence,
            agents: models?.settings,
            keyGuard,
            nodeOptions: profiling('enclave'),
          })),
      );
    }
    const [provider] = providers;
    if (provider === undefined) throw new RangeError('a system needs at least one enclave');
    stops.defer(async () => void (await Promise.all(providers.map((each) => each.stop?.()))));
    const enclaves: RunningEnclave[] = [];
    stops.defer(async () => void (await Promise.all(enclaves.map((enclave) => enclave.stop()))));
    for (const [number, each] of providers.entries()) {
      enclaves.push(
        await step(
          `start ${number === 0 ? 'the enclave' : `enclave ${String(number + 1)}`}${options.enclave === undefined ? ' on a mock NSM' : ''}`,
          () => each.start(),
        ),
      );
    }

    const rootFile = join(folder, 'development-root.pem');
    await writeFile(rootFile, provider.rootPem);
    const ports = [await portFor(options.gatewayPort)];
    while (ports.length < (options.gateways ?? 1)) ports.push(await freePort());
    const [port = 0] = ports;
    const gatewayUrls = ports.map((each) => `http://127.0.0.1:${String(each)}`);
    const issuer = await startIdentityProvider({
      folder,
      port: await portFor(options.identityPort),
      pages: ports.flatMap((each) => ['127.0.0.1', 'localhost'].map((name) => `http://${name}:${String(each)}`)),
    });
    stops.defer(() => issuer.stop());
    const environment = {
      NODE_ENV: 'development',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
      ...issuer.gatewayEnvironment,
      TEE_PROVIDER: 'mock',
      ENCLAVE_URLS: providers.map(({ address }) => address).join(','),
      TEE_EXPECTED_CODE_HASH: `sha384:${provider.pcr0}`,
      TEE_EXPECTED_OPERATOR: `sha384:${provider.pcr3}`,
      ATTESTATION_DEVELOPMENT_ROOT_FILE: rootFile,
      MESSAGES_PER_USER_DAY: '0',
      ...keyGuard?.gatewayEnvironment,
      ...(residence && residenceEnvironment(residence)),
      ...(models && { AGENTS: 'on' }),
      ...options.gatewayEnvironment,
    };
    const gatewayEnvironmentFile = join(folder, 'gateway.env');
    await writeFile(gatewayEnvironmentFile, environmentText(environment), { mode: 0o600 });
    const gatewayProgram = (await options.otherGateway?.(bundles.gateway)) ?? bundles.gateway;
    const startGateway = (which: number) =>
      spawnService({
        command: process.execPath,
        args: [...profiling('gateway'), gatewayProgram],
        env: { ...environment, PORT: String(ports[which]) },
        // A log line, because another gateway could answer at the address
        readyWhen: /"msg":"listening"/,
        readyTimeoutMs: 30_000,
        logFile: join(logFolder, which === 0 ? 'gateway.log' : `gateway-${String(which + 1)}.log`),
      });
    const gateways: Service[] = [];
    stops.defer(async () => void (await Promise.all(gateways.map((gateway) => gateway.stop()))));
    const first = await step('start the gateway', () => startGateway(0));
    gateways.push(first);
    for (let which = 1; which < ports.length; which++)
      gateways.push(await step(`start gateway ${String(which + 1)}`, () => startGateway(which)));
    const serviceOf = (which: 'enclave' | 'gateway', number: number): RunningEnclave => {
      const service = (which === 'enclave' ? enclaves : gateways)[number];
      if (service === undefined) throw new RangeError(`there is no ${which} ${String(number)}`);
      return service;
    };
    const start = async (which: 'enclave' | 'gateway', number = 0): Promise<void> => {
      const of = providers[number] ?? provider;
      if (which === 'enclave') enclaves[number] = await of.start();
      else gateways[number] = await startGateway(number);
    };
    return {
      gatewayUrl: `http://127.0.0.1:${String(port)}`,
      gatewayUrls,
      enclaveAddress: provider.address,
      databaseUrl,
      congress,
      ...(models && { providers: models.providers }),
      issuer,
      developmentRootPem: provider.rootPem,
      pcr0: provider.pcr0,
      pcr3: provider.pcr3,
      accepted: [{ pcr0: provider.pcr0, pcr3: provider.pcr3 }],
      logFolder,
      gatewayEnvironmentFile,
      postgres,
      ...(keyGuard && { keyGuard }),
      services: {
        congress: congressService,
        get enclave() {
          return serviceOf('enclave', 0);
        },
        get gateway() {
          return gateways[0] ?? first;
        },
      },
      start,
      pidOf: (which, number = 0) => serviceOf(which, number).pid,
      async kill(which, number = 0) {
        await serviceOf(which, number).kill();
      },
      async restart(which, how) {
        await serviceOf(which, 0)[how]();
        await start(which);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startModels(
  folder: string,
  { providers: options, ...settings }: SystemAgents,
): Promise<{ readonly providers: SimulatedProviders; readonly settings: AgentsSettings }> {
  const providersFolder = join(folder, 'providers');
  await mkdir(providersFolder, { recursive: true, mode: 0o700 });
  const providers = await startProviders({ ...options, folder: providersFolder });
  return { providers, settings: { ...settings, providersFile: await describeProviders(providers, providersFolder) } };
}

function residenceEnvironment({ mode, registrar: { id, keys, filesUrl } }: ResidenceSettings): Record<string, string> {
  return { RESIDENCE: mode, RESIDENCE_REGISTRAR: id, RESIDENCE_KEYS: keys.join(','), RESIDENCE_FILES_URL: filesUrl };
}

/** Returns the preferred port, or a free one if that is 0 or taken. @throws the system's error, such as EACCES for a port below 1024 */
async function portFor(preferred = 0): Promise<number> {
  if (preferred === 0) return freePort();
  return (await isTaken(preferred)) ? freePort() : preferred;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(true);
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}
