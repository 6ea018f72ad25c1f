import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, type LookupFunction } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { fetchEnclaveKey, followMessage, postMessage, prepareMessage, verifyResult, type TrustPolicy } from '@communique-tee/client';
import { describeWith, freePort, redisAvailability, startRedis, temporaryFolder, workspaceRoot, type Redis, type Service, type TemporaryFolder } from '@communique-tee/test-support';
import { receivedBy, startSystem, type EnclaveSurroundings, type System } from '@communique-tee/test-system';
import { Agent, fetch as undiciFetch } from 'undici';
import { plantedMessage } from '../../../test/e2e/src/planted-message';
import { developmentEnclave } from '../../../test/system/src/development-enclave';
import { layOut } from '../../../tools/release/contents';
import { renderParentFiles, type ParentFile, type ParentSettings } from './index';
import { EXTERNAL, ON_PARENT } from './testing/example-settings';
import { readEnvironmentFile, runScript, startRendered } from './testing/rendered-service';
import { stageNginx, type StagedNginx } from './testing/start-nginx';
import { commandAvailability, stage, type Availability } from './testing/stage';

/** All that differs from a parent: there is no Nitro enclave here, and the identity provider is a file. */
const OF_THIS_MACHINE = ['NODE_ENV', 'TEE_PROVIDER', 'TEE_ENDPOINT', 'TEE_EXPECTED_CODE_HASH', 'ATTESTATION_DEVELOPMENT_ROOT_FILE', 'AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL', 'AUTH_JWKS_FILE'];
const NAME = 'communique.example.org';
const PORTS = { house: 8001, senate: 8002 } as const;

const needs: readonly Availability[] = [commandAvailability('nginx', 'nginx-light'), commandAvailability('jq', 'jq'), commandAvailability('setpriv', 'util-linux'), commandAvailability('openssl', 'openssl'), redisAvailability()];
const missing = needs.flatMap((each) => (each.available ? [] : [each.reason]));

describeWith(missing.length === 0 ? { available: true } : { available: false, reason: missing.join('; ') }, 'a rehearsal of the parent', () => {
  let folder: TemporaryFolder;
  let root: string;
  let release: string;
  let settings: ParentSettings;
  let files: Record<string, ParentFile>;
  let system: System;
  let redis: Redis;
  let staged: StagedNginx;
  let gateway: Service;
  let environment: Record<string, string>;
  const services: Record<string, Service> = {};
  const egressPorts: Record<string, number> = {};
  const realFetch = globalThis.fetch;

  beforeAll(async () => {
    folder = await temporaryFolder('rehearsal-');
    await chmod(folder.path, 0o755);
    root = folder.file('root');
    release = folder.file('release');
    await layOut(workspaceRoot(), release, process.arch === 'arm64' ? 'arm64' : 'x86_64');
    redis = await startRedis();
    system = await startSystem({ folder: folder.file('system'), enclave: beforeEnclave });
    // The rendered gateway takes this one's place.
    await system.kill('gateway');

    environment = await gatewayEnvironment();
    services['migrate'] = await startRendered({ files, unit: 'communique-migrate', release, environment, options: {} });
    expect(await services['migrate'].exited).toMatchObject({ code: 0 });
    gateway = services['gateway'] = await startRendered({ files, unit: 'communique-gateway', release, environment, options: { readyWhen: /"msg":"listening"/ } });
    staged = await stageNginx(settings, folder.file('nginx'));
    services['nginx'] = await staged.start();
    const ca = await readFile(staged.certificate, 'utf8');
    const lookup: LookupFunction = (_name, options, done) => {
      if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    };
    const dispatcher = new Agent({ connect: { ca, lookup } });
    globalThis.fetch = ((input: string | URL, init?: object) => (new URL(input).hostname === NAME ? undiciFetch(input, { ...init, dispatcher }) : realFetch(input, init))) as typeof fetch;
  }, 300_000);

  afterAll(async () => {
    globalThis.fetch = realFetch;
    for (const service of Object.values(services).reverse()) await service.stop();
    await (system as System | undefined)?.stop();
    await (redis as Redis | undefined)?.stop();
    await folder.remove();
  }, 60_000);

  /** Everything that runs before the enclave: files, proxies, collector. The enclave knows Congress at the proxies' addresses alone. */
  async function beforeEnclave(surroundings: EnclaveSurroundings) {
    const { congress, congressFile, logFolder } = surroundings;
    settings = {
      ...ON_PARENT,
      database: { at: 'external' },
      redis: { at: 'external' },
      secrets: EXTERNAL.secrets,
      // Its keys end with its process: there is no KMS here.
      enclaveSecrets: {},
      egress: (['house', 'senate'] as const).map((chamber) => ({ host: 'localhost', port: Number(new URL(congress[chamber].origin).port), vsockPort: PORTS[chamber] })),
      gateway: { port: await freePort(), metricsPort: await freePort(), environment: { ...ON_PARENT.gateway.environment, DELIVERY_POLL_MS: '100', SHUTDOWN_DRAIN_MS: '0' } },
    };
    files = renderParentFiles(settings);
    for (const port of Object.values(PORTS)) {
      const listen = (egressPorts[String(port)] = await freePort());
      const path = `/etc/communique/egress/${String(port)}.json`;
      const { content, mode, owner } = files[path] ?? { content: '', mode: 0, owner: 'root:root' as const };
      files[path] = { content: content.replace(`vsock:${String(port)}`, `tcp:127.0.0.1:${String(listen)}`), mode, owner };
    }
    await stage(files, root);
    for (const port of Object.values(PORTS)) {
      const instead = { '/etc/communique': join(root, 'etc/communique') };
      services[`egress-${String(port)}`] = await startRendered({ files, unit: `communique-egress@${String(port)}`, release, instead, options: { readyWhen: /listening/, logFile: join(logFolder, 'egress.log') } });
    }
    const collector = `tcp:127.0.0.1:${String(await freePort())}`;
    services['collector'] = await startRendered({ files, unit: 'communique-enclave-log', release, instead: { 'vsock:9001': collector }, options: { readyWhen: /listening/ } });
    egressPorts['collector'] = Number(collector.split(':').at(-1));

    const throughProxies = join(dirname(congressFile), 'through-proxies.json');
    const described = JSON.parse(await readFile(congressFile, 'utf8')) as Record<'house' | 'senate', { origin: string }>;
    for (const chamber of ['house', 'senate'] as const) described[chamber].origin = `https://localhost:${String(egressPorts[String(PORTS[chamber])])}`;
    await writeFile(throughProxies, JSON.stringify(described), { mode: 0o600 });
    return developmentEnclave(join(workspaceRoot(), 'dist/apps/enclave/main.dev.js'), { ...surroundings, congressFile: throughProxies }, { number: 0, congressIntervalMs: undefined, keyGuard: undefined });
  }

  /** As systemd would put it together: the rendered file, and what fetch-secrets wrote. */
  async function gatewayEnvironment(): Promise<Record<string, string>> {
    const bin = folder.file('bin');
    await mkdir(bin);
    const secrets: Record<string, string> = { [settings.secrets['DATABASE_URL'] ?? '']: system.databaseUrl, [settings.secrets['REDIS_URL'] ?? '']: redis.url };
    await writeFile(folder.file('secrets.json'), JSON.stringify(secrets), { mode: 0o600 });
    await writeFile(join(bin, 'aws'), `#!/bin/bash\n[[ "$1 $2 $3" == 'secretsmanager get-secret-value --secret-id' ]] || exit 2\njq -e --arg arn "$4" '{SecretString: .[$arn]}' ${folder.file('secrets.json')}\n`, { mode: 0o755 });
    const written = folder.file('gateway.env');
    const { code, stdout } = await runScript(root, 'fetch-secrets', [join(root, 'etc/communique/secrets.json'), written], bin);
    expect([code, stdout]).toEqual([0, 'secrets: DATABASE_URL, REDIS_URL\n']);
    const rendered = { ...(await readEnvironmentFile(join(root, 'etc/communique/gateway.env'))), ...(await readEnvironmentFile(written)) };
    const here = await readEnvironmentFile(system.gatewayEnvironmentFile);
    const { AUTH_JWKS_URL: _url, TEE_ENDPOINT: _endpoint, ...kept } = rendered;
    return { ...kept, ...Object.fromEntries(Object.entries({ ...here, TEE_ENDPOINT: here['ENCLAVE_URLS'] ?? here['ENCLAVE_URL'] ?? '' }).filter(([name]) => OF_THIS_MACHINE.includes(name))) };
  }

  const at = () => `https://${NAME}:${String(staged.httpsPort)}`;
  const policy = (): TrustPolicy => ({ acceptedMeasurements: [{ pcr0: system.pcr0 }], trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem) });

  it('a sealed message posted at nginx\'s TLS port reaches House and Senate through the proxies, and its receipt verifies', async () => {
    const alice = { gateway: at(), token: await system.issuer.token('alice') };
    const { message, fields } = plantedMessage();
    const prepared = prepareMessage(message, await fetchEnclaveKey(at(), policy()));
    expect((await postMessage(alice, prepared)).status).toBe('queued');
    const view = await followMessage(alice, prepared.id, { timeoutMs: 60_000 });
    expect(view.status).toBe('delivered');
    const { answer } = await verifyResult(view, prepared, policy());
    const ids = answer.offices.map(({ deliveryId }) => deliveryId);
    const arrived = (await receivedBy(system.congress)).filter(({ deliveryId }) => ids.includes(deliveryId));
    expect(arrived.map(({ office }) => office).sort()).toEqual(['HCA12', 'SCA01', 'SCA03']);
    // Nothing of it is in what the parent writes down.
    const written = Object.values(services).map((service) => service.output()).join('') + (await readFile(join(staged.root, 'var/log/communique-nginx/access.log'), 'utf8'));
    for (const field of Object.values(fields)) expect(written.includes(field)).toBe(false);
    expect(written.includes(alice.token)).toBe(false);
  });

  it('everything behind it is well, and the gateway counts whom nginx says', async () => {
    const response = await fetch(`${at()}/api/health/tee`, { headers: { 'x-forwarded-for': '203.0.113.7' } });
    expect([response.status, response.headers.get('strict-transport-security')]).toEqual([200, expect.stringContaining('max-age')]);
    expect(JSON.stringify(await response.json())).toContain('"attestation"');
  });

  it('waits while one chamber\'s way out is shut, and delivers when it is open again', async () => {
    const alice = { gateway: at(), token: await system.issuer.token('alice') };
    await services['egress-8001']?.stop();
    const prepared = prepareMessage(plantedMessage().message, await fetchEnclaveKey(at(), policy()));
    await postMessage(alice, prepared);
    services['egress-8001'] = await startRendered({ files, unit: 'communique-egress@8001', release, instead: { '/etc/communique': join(root, 'etc/communique') }, options: { readyWhen: /listening/ } });
    const view = await followMessage(alice, prepared.id, { timeoutMs: 60_000 });
    expect(view.status).toBe('delivered');
  });

  it('the collector takes the enclave\'s own log lines', async () => {
    const lines = (await readFile(join(system.logFolder, 'enclave.log'), 'utf8')).split('\n').filter((line) => line.startsWith('{'));
    const socket = connect(egressPorts['collector'] ?? 0, '127.0.0.1');
    socket.end(`${lines.join('\n')}\n`);
    const collected = () => (services['collector']?.output() ?? '').split('\n').filter((line) => line.includes('"source":"enclave"'));
    while (!collected().some((line) => line.includes('message_handled'))) await sleep(50);
    expect(collected().some((line) => line.includes('enclave_listening'))).toBe(true);
  });

  it('the gateway ends in order when its unit is stopped', async () => {
    expect(await gateway.stop(35_000)).toMatchObject({ code: 0 });
    expect((await fetch(`${at()}/health`)).status).toBe(503);
  });
});
