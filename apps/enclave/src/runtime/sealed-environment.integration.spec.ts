import { startCongressSimulator, type CongressSimulator } from '@communique-tee/congress-simulator';
import { fetchEnclaveKey, prepareMessage } from '@communique-tee/client';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { decodeRelayAnswer } from '@communique-tee/protocol';
import { appBundle, spawnService, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { configurationFor, congressMessage } from '../testing/enclave-fixture';

/**
 * The tests set every variable that could make Node, OpenSSL, the dynamic linker, the resolver or an HTTP library send plain text elsewhere
 * or trust another authority. With each of them, the enclave must either refuse to start or ignore it.
 */
describe('an enclave with environment variables that an attacker chose', () => {
  let folder: TemporaryFolder;
  let bundle: string;
  let congress: CongressSimulator;
  let rogue: Server;
  let rogueAsked = 0;
  let configurationFile: string;

  beforeAll(async () => {
    folder = await temporaryFolder('environment');
    bundle = join(await appBundle('enclave --dev'), 'main.dev.js');
    congress = await startCongressSimulator();
    rogue = createServer((_request, response) => {
      rogueAsked++;
      response.end();
    });
    rogue.on('connect', (_request, socket) => {
      rogueAsked++;
      socket.destroy();
    });
    await new Promise<void>((listening) => rogue.listen(0, '127.0.0.1', listening));
    configurationFile = join(folder.path, 'enclave.json');
    writeFileSync(configurationFile, JSON.stringify(configurationFor(congress)));
    writeFileSync(
      join(folder.path, 'preload.js'),
      `require('node:fs').writeFileSync(${JSON.stringify(join(folder.path, 'owned'))}, 'x');`,
    );
    mkdirSync(join(folder.path, 'modules'));
  }, 120_000);
  afterAll(async () => {
    await congress.stop();
    await new Promise((closed) => rogue.close(closed));
    await folder.remove();
  });

  const args = () => [bundle, '--config', configurationFile, '--development-root', join(folder.path, 'nsm')];

  it.each([
    ['NODE_OPTIONS', '--no-deprecation'],
    ['NODE_EXTRA_CA_CERTS', '/etc/ssl/certs/ca-certificates.crt'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ['NODE_PATH', '/tmp/modules'],
    ['NODE_USE_ENV_PROXY', '1'],
    ['NODE_USE_SYSTEM_CA', '1'],
    ['NODE_DEBUG', 'http,tls'],
    ['NODE_V8_COVERAGE', '/tmp/coverage'],
    ['NODE_REPL_EXTERNAL_MODULE', '/tmp/x.js'],
    ['SSL_CERT_FILE', '/tmp/ca.pem'],
    ['SSL_CERT_DIR', '/tmp'],
    ['OPENSSL_CONF', '/dev/null'],
    ['OPENSSL_MODULES', '/tmp'],
    ['LD_LIBRARY_PATH', '/tmp'],
    ['LD_AUDIT', ''],
    ['GLIBC_TUNABLES', ''],
    ['UV_THREADPOOL_SIZE', '1'],
  ])('does not start with %s, which takes effect before the enclave’s code runs', (name, value) => {
    const { status, stderr } = spawnSync(process.execPath, args(), {
      env: { [name]: value },
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).toBe(78);
    expect(stderr).toContain('environment_refused');
    expect(stderr).toContain(name);
  });

  it('delivers only to the configured chambers, whatever the other variables are', async () => {
    const { port } = rogue.address() as AddressInfo;
    const proxy = `http://127.0.0.1:${String(port)}`;
    const hostAliases = join(folder.path, 'aliases');
    writeFileSync(hostAliases, `localhost 127.0.0.1\n`);
    const service = await spawnService({
      command: process.execPath,
      args: args(),
      env: {
        ...Object.fromEntries(
          ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'GLOBAL_AGENT_HTTP_PROXY', 'npm_config_proxy'].flatMap((name) => [
            [name, proxy],
            [name.toLowerCase(), proxy],
          ]),
        ),
        NO_PROXY: '',
        HOSTALIASES: hostAliases,
        LOCALDOMAIN: 'rogue.test',
        RES_OPTIONS: 'ndots:15',
        HOUSE_URL: proxy,
        SENATE_URL: proxy,
        CWC_API_URL: proxy,
        PORT: '1',
        CONFIG: '/dev/null',
        SSLKEYLOGFILE: join(folder.path, 'owned'),
        AWS_ENDPOINT_URL: proxy,
      },
      readyWhen: /"address":"tcp:127\.0\.0\.1:([0-9]+)"/,
    });
    try {
      const url = `http://127.0.0.1:${service.ready?.[1] ?? ''}`;
      const trustAnchor = unsafeTrustAnchorFromPem(await developmentRootPem(join(folder.path, 'nsm')));
      const key = await fetchEnclaveKey(url, {
        acceptedMeasurements: [developmentMeasurements],
        trustAnchor,
      });
      const { sealed } = prepareMessage(congressMessage(), key);
      const response = await fetch(`${url}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: new Uint8Array(sealed),
      });
      expect(decodeRelayAnswer(new Uint8Array(await response.arrayBuffer())).state).toBe('final');
      expect(congress.received()).toHaveLength(3);
      expect(rogueAsked).toBe(0);
    } finally {
      await service.stop();
    }
  });

  it('stops at a wrong configuration and names every wrong field at once, without the values', () => {
    const broken = join(folder.path, 'broken.json');
    writeFileSync(
      broken,
      JSON.stringify({ ...configurationFor(congress), stack: 'NOT A NAME', listen: 'http://secret-place', more: 1 }),
    );
    const { status, stderr } = spawnSync(process.execPath, [bundle, '--config', broken], {
      env: {},
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).toBe(78);
    for (const place of ['stack', 'listen', 'more']) expect(stderr).toContain(place);
    for (const value of ['NOT A NAME', 'secret-place', congress.house.apiKey]) expect(stderr).not.toContain(value);
  });

  it('does not run the mock NSM with NODE_ENV=production', () => {
    const { status, stdout } = spawnSync(process.execPath, args(), {
      env: { NODE_ENV: 'production' },
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).not.toBe(0);
    expect(stdout).not.toContain('enclave_listening');
  });
});
