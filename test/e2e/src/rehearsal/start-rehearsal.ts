import { CHAMBER_KEYS, chamberSecret } from '@communique-tee/protocol';
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  appBundle,
  freePort,
  workspaceRoot,
  type Service,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { startPostgres } from '@communique-tee/testing/postgres';
import { startRedis } from '@communique-tee/testing/redis';
import { startSystem, type EnclaveSurroundings, type System } from '@communique-tee/test-system';
import { Client } from 'pg';
import { renderParentFiles, type ParentFile, type ParentSettings } from '@communique-tee/parent-files';
import { EXTERNAL, ON_PARENT } from '@communique-tee/parent-files/testing/example-settings';
import { readEnvironmentFile } from '@communique-tee/parent-files/testing/read-environment-file';
import { stage } from '@communique-tee/parent-files/testing/stage';
import { stageNginx, type StagedNginx } from '@communique-tee/parent-files/testing/start-nginx';
import { layOut } from '@communique-tee/tools/ops/release/contents';
import { developmentEnclave } from '@communique-tee/test-system';
import { NOBODY, runScript, startRendered } from './rendered-service';
import { EGRESS, throughProxies, type ThroughProxies, type Way } from './through-proxies';

/** Variables whose values cannot come from the rendered files: there is no Nitro enclave here, and the issuer's keys are in a file. */
const OF_THIS_MACHINE = [
  'NODE_ENV',
  'TEE_PROVIDER',
  'TEE_ENDPOINT',
  'TEE_EXPECTED_CODE_HASH',
  'TEE_EXPECTED_OPERATOR',
  'ATTESTATION_DEVELOPMENT_ROOT_FILE',
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
  'AUTH_JWKS_URL',
  'AUTH_JWKS_FILE',
];
const SECRETS = CHAMBER_KEYS.map(chamberSecret);
const secretArn = (name: string) =>
  `arn:aws:secretsmanager:us-east-1:123456789012:secret:communique-tee/dev/enclave/${name}-AbCdEf`;

/** Runs the parent's rendered files on this machine, with simulators of Congress and KMS and a development enclave. */
export interface Rehearsal {
  readonly system: System;
  readonly nginx: StagedNginx;
  /** The services by name: `egress-<way>`, `collector`, `migrate`, `gateway` and `nginx`. */
  readonly services: Record<string, Service>;
  readonly collectorPort: number;
  readonly gatewayDatabaseUrl: string;
  /** The address that CloudWatch's agent scrapes. */
  readonly metricsUrl: string;
  startEgress(way: Way): Promise<void>;
  stop(): Promise<void>;
}

export async function startRehearsal(folder: TemporaryFolder, keys: 'process' | 'sealed'): Promise<Rehearsal> {
  const stops = new AsyncDisposableStack();
  const stop = () => stops.disposeAsync();
  const services: Record<string, Service> = {};
  try {
    await chmod(folder.path, 0o755);
    const root = folder.file('root');
    const release = folder.file('release');
    await layOut(workspaceRoot(), release, process.arch === 'arm64' ? 'arm64' : 'x86_64');
    const redis = await startRedis();
    stops.defer(() => redis.stop());
    const postgres = await startPostgres({ own: true });
    stops.defer(() => postgres.stop());
    const databases = await prepareDatabase(folder, postgres);

    let files: Record<string, ParentFile> = {};
    let settings: ParentSettings = ON_PARENT;
    let through: ThroughProxies | undefined;
    const collectorPort = await freePort();
    const start = async (
      name: string,
      unit: string,
      options: Parameters<typeof startRendered>[0]['options'],
      more: Partial<Parameters<typeof startRendered>[0]> = {},
    ) => {
      const service = (services[name] = await startRendered({ files, unit, release, options, ...more }));
      stops.defer(async () => void (await service.stop()));
      return service;
    };
    const startEgress = async (way: Way, logFile?: string) => {
      await start(
        `egress-${way}`,
        `communique-egress@${String(EGRESS[way])}`,
        { readyWhen: /listening/, ...(logFile !== undefined && { logFile }) },
        { instead: { '/etc/communique': join(root, 'etc/communique') } },
      );
    };
    const beforeEnclave = async (surroundings: EnclaveSurroundings) => {
      const { keyGuard, ways } = (through = await throughProxies(surroundings, keys));
      if (keyGuard) stops.defer(() => keyGuard.stop());
      const open = (Object.keys(ways) as Way[]).flatMap((way) =>
        ways[way] === undefined ? [] : [{ way, ...ways[way] }],
      );
      settings = {
        ...ON_PARENT,
        database: { at: 'external' },
        redis: { at: 'external' },
        secrets: EXTERNAL.secrets,
        enclaveSecrets: keyGuard ? Object.fromEntries(SECRETS.map((name) => [name, secretArn(name)])) : {},
        egress: open.map(({ way, targetPort }) => ({ host: 'localhost', port: targetPort, vsockPort: EGRESS[way] })),
        gateway: {
          port: await freePort(),
          metricsPort: await freePort(),
          environment: { ...ON_PARENT.gateway.environment, DELIVERY_POLL_MS: '100', SHUTDOWN_DRAIN_MS: '0' },
        },
      };
      files = renderParentFiles(settings);
      for (const { way, listenPort } of open) {
        const path = `/etc/communique/egress/${String(EGRESS[way])}.json`;
        const file = files[path];
        if (file === undefined) throw new Error(`${path} was not rendered`);
        files[path] = {
          ...file,
          content: file.content.replace(`vsock:${String(EGRESS[way])}`, `tcp:127.0.0.1:${String(listenPort)}`),
        };
      }
      await stage(files, root);
      for (const { way } of open) await startEgress(way, join(surroundings.logFolder, `egress-${way}.log`));
      await start(
        'collector',
        'communique-enclave-log',
        { readyWhen: /listening/ },
        { instead: { 'vsock:9001': `tcp:127.0.0.1:${String(collectorPort)}` } },
      );
      return developmentEnclave(
        join(await appBundle('enclave --dev'), 'main.dev.js'),
        { ...surroundings, congressFile: through.congressFile },
        { number: 0, congressIntervalMs: undefined, keyGuard },
      );
    };

    const system = await startSystem({ folder: folder.file('system'), enclave: beforeEnclave });
    stops.defer(() => system.stop());
    // The rendered gateway replaces this one, on another database.
    await system.kill('gateway');
    if (through === undefined) throw new Error('the system has no enclave');

    const bin = await standIns(
      folder,
      { [settings.secrets['DATABASE_URL'] ?? '']: databases.gateway, [settings.secrets['REDIS_URL'] ?? '']: redis.url },
      through,
    );
    const environment = await gatewayEnvironment(root, folder, bin, system, through);
    const migrated = await start(
      'migrate',
      'communique-migrate',
      {},
      { environment: { ...environment, DATABASE_URL: databases.owner } },
    );
    const { code } = await migrated.exited;
    if (code !== 0) throw new Error(`migrations ended with ${String(code)}: ${migrated.output()}`);
    await start('gateway', 'communique-gateway', { readyWhen: /"msg":"listening"/ }, { environment });
    const nginx = await stageNginx(settings, folder.file('nginx'));
    const front = (services['nginx'] = await nginx.start());
    stops.defer(async () => void (await front.stop()));
    return {
      system,
      nginx,
      services,
      collectorPort,
      gatewayDatabaseUrl: databases.gateway,
      metricsUrl: `http://127.0.0.1:${String(settings.gateway.metricsPort)}/metrics`,
      startEgress: (way) => startEgress(way),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Runs the parent's script that makes two database roles: one migrates, the gateway's owns nothing. Then sets passwords, because the system
 * users with which a parent signs in do not exist here.
 */
async function prepareDatabase(
  folder: TemporaryFolder,
  postgres: { readonly url: string; readonly port: number },
): Promise<{ readonly owner: string; readonly gateway: string }> {
  const script = folder.file('prepare-database');
  await writeFile(
    script,
    renderParentFiles(ON_PARENT)['/usr/local/libexec/communique/prepare-database']?.content ?? '',
    { mode: 0o755 },
  );
  await promisify(execFile)(script, ['127.0.0.1'], {
    env: { PATH: '/usr/bin:/bin', PGPORT: String(postgres.port), PGPASSWORD: new URL(postgres.url).password },
  });
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query("ALTER ROLE communique PASSWORD 'rehearsal'; ALTER ROLE communique_gateway PASSWORD 'rehearsal'");
  await client.end();
  const urlOf = (role: string) => `postgresql://${role}:rehearsal@127.0.0.1:${String(postgres.port)}/communique`;
  return { owner: urlOf('communique'), gateway: urlOf('communique_gateway') };
}

/**
 * Writes a stand-in for the `aws` command. It returns the gateway's secrets as text and the enclave's as ciphertexts.
 * @returns a folder for PATH
 */
async function standIns(
  folder: TemporaryFolder,
  secrets: Record<string, string>,
  { keyGuard }: ThroughProxies,
): Promise<string> {
  const ciphertexts =
    keyGuard === undefined
      ? {}
      : (JSON.parse(await readFile(keyGuard.gatewayEnvironment['ENCLAVE_SECRETS_FILE'] ?? '', 'utf8')) as Record<
          string,
          string
        >);
  const all = {
    ...secrets,
    ...Object.fromEntries(Object.entries(ciphertexts).map(([name, value]) => [secretArn(name), value])),
  };
  const bin = folder.file('bin');
  await mkdir(bin);
  await writeFile(folder.file('secrets.json'), JSON.stringify(all), { mode: 0o600 });
  await writeFile(
    join(bin, 'aws'),
    `#!/bin/bash\n[[ "$1 $2 $3" == 'secretsmanager get-secret-value --secret-id' ]] || exit 2\njq -e --arg arn "$4" '{SecretString: .[$arn]}' ${folder.file('secrets.json')}\n`,
    { mode: 0o755 },
  );
  return bin;
}

/**
 * Returns the gateway's environment as systemd would compose it: the rendered file, what fetch-secrets wrote, and what
 * fetch-enclave-secrets wrote.
 */
async function gatewayEnvironment(
  root: string,
  folder: TemporaryFolder,
  bin: string,
  system: System,
  { keyGuard }: ThroughProxies,
): Promise<Record<string, string>> {
  const written = folder.file('gateway.env');
  await succeeds(
    runScript(root, 'fetch-secrets', [join(root, 'etc/communique/secrets.json'), written], bin),
    'secrets: DATABASE_URL, REDIS_URL\n',
  );
  const enclaveSecrets: Record<string, string> = {};
  if (keyGuard) {
    const own = folder.file('enclave-secrets');
    await mkdir(own, { mode: 0o700 });
    const file = join(own, 'secrets.json');
    await succeeds(
      runScript(root, 'fetch-enclave-secrets', [join(root, 'etc/communique/enclave-secrets.json'), file], bin),
      `secrets of the enclave: ${SECRETS.join(', ')}\n`,
    );
    // The unit runs as the gateway's user, which has to read the files.
    if (process.getuid?.() === 0) for (const path of [own, file]) await chown(path, Number(NOBODY), Number(NOBODY));
    // On a parent the credentials come from the metadata service; here they are in the environment.
    Object.assign(enclaveSecrets, keyGuard.gatewayEnvironment, { ENCLAVE_SECRETS_FILE: file });
  }
  const rendered = {
    ...(await readEnvironmentFile(join(root, 'etc/communique/gateway.env'))),
    ...(await readEnvironmentFile(written)),
  };
  const here = await readEnvironmentFile(system.gatewayEnvironmentFile);
  const { AUTH_JWKS_URL: _url, TEE_ENDPOINT: _endpoint, ...kept } = rendered;
  return {
    ...kept,
    ...Object.fromEntries(
      Object.entries({ ...here, TEE_ENDPOINT: here['ENCLAVE_URLS'] ?? here['ENCLAVE_URL'] ?? '' }).filter(([name]) =>
        OF_THIS_MACHINE.includes(name),
      ),
    ),
    ...enclaveSecrets,
  };
}

async function succeeds(running: ReturnType<typeof runScript>, said: string): Promise<void> {
  const { code, stdout, stderr } = await running;
  if (code !== 0 || stdout !== said) throw new Error(`ended with ${String(code)}: ${stdout}${stderr}`);
}
