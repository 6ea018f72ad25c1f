import { developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { spawnService, workspaceRoot, type ServiceExit } from '@communique-tee/testing/harness';
import { migrate, startPostgres } from '@communique-tee/testing/postgres';
import { startIdentityProvider, type IdentityProvider } from '@communique-tee/identity-simulator';
import {
  developmentConfiguration,
  environmentText,
  readCongress,
  readProviders,
  startCongress,
  startProviderProcess,
  type AgentsSettings,
} from '@communique-tee/test-system';
import { Client } from 'pg';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseExpectedOperator } from '@communique-tee/gateway-environment';
import {
  databasePlace,
  enclaveAddress,
  identityPort,
  isTaken,
  readEnvironment,
  type DatabasePlace,
} from './environment';
import type { LogLines, PartName } from './log-lines';
import { Parts, type RunningPart } from './parts';

export interface DevOptions {
  /** Where keys, database, logs and configuration are kept. */
  readonly folder: string;
  readonly without: ReadonlySet<PartName>;
  /** Ports of Node's inspector on 127.0.0.1, by part. */
  readonly inspect: ReadonlyMap<'gateway' | 'enclave', number>;
}

/** A precondition of the start is not met; the message is for a person. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}

/**
 * Starts every part, except those in `options.without`.
 * @param interrupted an abort during the start ends the running parts
 * @returns a function that ends the parts
 * @throws NotReady, the error of a part that does not start, and the reason of `interrupted`
 */
export async function runParts(
  options: DevOptions,
  lines: LogLines,
  own: NodeJS.ProcessEnv,
  interrupted: AbortSignal,
): Promise<() => Promise<void>> {
  const root = workspaceRoot();
  const { folder, without, inspect } = options;
  const wanted = (part: PartName) => !without.has(part);
  const logFolder = join(folder, 'logs');
  const logFile = (part: PartName) => join(logFolder, `${part}.log`);

  const { file, values } = readEnvironment(root, own);
  if (values['NODE_ENV'] === 'production')
    throw new NotReady('NODE_ENV is production: these parts are for development');
  const hasOwnProvider = wanted('identity') && values['AUTH_JWKS_URL'] === undefined;
  const [database, enclave, issuerPort] = attempt(() => [
    wanted('postgres') ? databasePlace(values) : undefined,
    wanted('enclave') ? enclaveAddress(values) : undefined,
    hasOwnProvider ? identityPort(values) : undefined,
  ]);
  const port = Number(values['PORT'] ?? '3001');
  await refuseTaken([
    ['DATABASE_URL', database?.port],
    ['TEE_ENDPOINT', enclave?.port],
    ['AUTH_ISSUER', issuerPort],
    ['PORT', wanted('gateway') ? port : undefined],
    ...[...inspect].map(([part, number]) => [`--inspect=${part}`, number] as const),
  ]);

  await rm(logFolder, { recursive: true, force: true });
  await mkdir(logFolder, { recursive: true });
  const rootFolder = join(folder, 'nsm');
  await developmentRootPem(rootFolder);
  const parts = new Parts(lines);
  const start: Parts['start'] = async (...part) => {
    interrupted.throwIfAborted();
    await parts.start(...part);
  };
  const onOutput = (part: PartName, seen?: (text: string) => void) => (text: string) => {
    lines.take(part, text);
    seen?.(text);
  };
  const ends = (part: PartName, exited: Promise<ServiceExit>) =>
    exited.then(({ code, signal }) => {
      lines.flush(part);
      return signal ?? `exit code ${String(code)}`;
    });
  const serve = async (
    part: 'enclave' | 'gateway',
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    seen?: (text: string) => void,
  ): Promise<RunningPart> => {
    const inspector = inspect.get(part);
    const service = await spawnService({
      command: process.execPath,
      args: [
        join(root, 'tools/dev/build/serve.mjs'),
        part,
        '--serve-outdir',
        join(folder, 'bundles', part),
        ...(inspector === undefined ? [] : ['--serve-inspect', String(inspector)]),
        ...args,
      ],
      cwd: root,
      env,
      logFile: logFile(part),
      onOutput: onOutput(part, (text) => {
        if (text.includes(`serve: built ${part}`)) parts.changed();
        seen?.(text);
      }),
    });
    return { ended: ends(part, service.exited), stop: () => service.stop() };
  };

  try {
    let issuer: IdentityProvider | undefined;
    if (issuerPort !== undefined)
      await start('identity', async () => {
        issuer = await startIdentityProvider({
          folder,
          port: issuerPort,
          pages: ['127.0.0.1', 'localhost'].map((name) => `http://${name}:${String(port)}`),
        });
        return runningHere(issuer);
      });
    const environment: Record<string, string> = {
      ...(wanted('providers') && { AGENTS: 'on' }),
      ...values,
      ...issuer?.gatewayEnvironment,
      ...(enclave && {
        ATTESTATION_DEVELOPMENT_ROOT_FILE: join(rootFolder, 'development-root', 'certificate.pem'),
      }),
    };
    const environmentFile = join(folder, 'gateway.env');
    await writeFile(environmentFile, environmentText(environment), { mode: 0o600 });
    lines.say(`the gateway's environment comes from ${file}; the complete one is in ${environmentFile}`);

    if (database) await start('postgres', () => runPostgres(database, folder, onOutput('postgres'), ends));
    if (database) {
      lines.say('prisma migrate deploy');
      await migrate(values['DATABASE_URL'] ?? '');
    }
    const congressFolder = join(folder, 'congress');
    const congressFile = join(congressFolder, 'congress.json');
    if (wanted('congress')) {
      let addresses: Awaited<ReturnType<typeof readCongress>> | undefined;
      await start('congress', async () => {
        const service = await startCongress({
          folder: congressFolder,
          logFile: logFile('congress'),
          addresses,
          onOutput: onOutput('congress'),
        });
        addresses = await readCongress(congressFile);
        return { ended: ends('congress', service.exited), stop: () => service.stop() };
      });
    }
    const providersFolder = join(folder, 'providers');
    const providersFile = join(providersFolder, 'providers.json');
    let agents: AgentsSettings | undefined;
    if (wanted('providers')) {
      let addresses: Awaited<ReturnType<typeof readProviders>> | undefined;
      await start('providers', async () => {
        const service = await startProviderProcess({
          folder: providersFolder,
          logFile: logFile('providers'),
          addresses,
          onOutput: onOutput('providers'),
        });
        addresses = await readProviders(providersFile);
        return { ended: ends('providers', service.exited), stop: () => service.stop() };
      });
      agents = { providersFile };
    }
    if (enclave) {
      const configuration = join(folder, 'enclave.json');
      await writeFile(configuration, await developmentConfiguration(enclave.text, congressFile, { agents }));
      await start('enclave', () =>
        serve('enclave', ['--config', configuration, '--development-root', rootFolder], process.env),
      );
    }
    if (wanted('gateway')) {
      const started = once(async () => {
        const token = await issuer?.token('developer', 12 * 3600);
        lines.say(places(port, environment, token));
      });
      await start('gateway', () =>
        serve('gateway', [], { ...process.env, ...environment }, (text) => {
          if (/"msg":"listening"/.test(text)) started();
        }),
      );
    }
  } catch (error) {
    await parts.stop();
    throw error;
  }
  return () => parts.stop();
}

async function runPostgres(
  place: DatabasePlace,
  folder: string,
  onOutput: (text: string) => void,
  ends: (part: PartName, exited: Promise<ServiceExit>) => Promise<string>,
): Promise<RunningPart> {
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), port: place.port, onOutput });
  try {
    await makeDatabase(postgres.url, place);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return { ended: ends('postgres', postgres.exited), stop: () => postgres.stop() };
}

/** Returns a part that runs in this process. */
function runningHere(server: { stop(): Promise<void> }): RunningPart {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  return {
    ended,
    stop: async () => {
      await server.stop();
      resolve('stopped');
    },
  };
}

/** Makes the role and the database of DATABASE_URL unless they exist. An existing role gets the URL's password. */
async function makeDatabase(url: string, { user, password, name }: DatabasePlace): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const role = client.escapeIdentifier(user);
    const found = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
    await client.query(
      `${found.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`,
    );
    const existing = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (existing.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} OWNER ${role}`);
  } finally {
    await client.end();
  }
}

function places(port: number, environment: Readonly<Record<string, string>>, token: string | undefined): string {
  const url = `http://127.0.0.1:${String(port)}`;
  const pcr0 = /sha384:([0-9a-f]{96})/i.exec(environment['TEE_EXPECTED_CODE_HASH'] ?? '')?.[1];
  const { TEE_EXPECTED_OPERATOR: role = '' } = environment;
  const read = parseExpectedOperator(role);
  const operator = read.ok ? `pcr3=${read.operator === 'any' ? 'any' : read.operator.join(',')}` : '';
  return [
    'everything runs. Look at:',
    `  ${url}/${pcr0 === undefined ? '' : `#campaign=development&pcr0=${pcr0}&${operator}`}`,
    `      image (PCR0) and operator (PCR3) are in this address; the operator is ${role}`,
    ...(token === undefined ? [] : ['      sign in there with any made-up user name']),
    `  ${url}/docs                the API`,
    `  ${url}/api/health/tee      the enclave, its attestation verified`,
    ...(token === undefined ? [] : ['a token for 12 hours (node tools/cli/bin.mjs token makes more):', `  ${token}`]),
    'After a change of enclave, gateway or page, the part is built and started again; reload the page to see it. Ctrl-C ends everything.',
  ].join('\n');
}

/** @throws NotReady that names every port that is taken */
async function refuseTaken(ports: readonly (readonly [string, number | undefined])[]): Promise<void> {
  const taken: string[] = [];
  for (const [name, port] of ports)
    if (port !== undefined && port !== 0 && (await isTaken(port)))
      taken.push(`  ${name}: port ${String(port)} is taken`);
  if (taken.length > 0)
    throw new NotReady(
      `Ports are taken by other programs (another npm run dev or nx serve?):\n${taken.join('\n')}\nEnd them, set other ports in .env, or leave a part out with --without.`,
    );
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new NotReady(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function once(work: () => Promise<void>): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    void work();
  };
}
