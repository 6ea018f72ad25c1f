import { testAuthority } from '@communique-tee/congress-simulator';
import { workspaceRoot, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setUp, type Setup } from './testing/setup';

/**
 * main.ts refuses to start with variables by which Node or OpenSSL can be weakened. This test shows that the HTTPS client ignores them even
 * without main.ts. The client runs in a separate process, because Node reads these variables at its start.
 */
describe('the HTTPS client under environment variables', () => {
  let folder: TemporaryFolder;
  let setup: Setup;
  let proxy: Server;
  let proxied: number;
  let wrongConfig: string;
  let rightConfig: string;

  const deliverWith = async (env: Record<string, string>, config: string) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['tools/run.mjs', 'apps/enclave/src/services/congress/cwc/testing/deliver-once.ts', config],
      {
        cwd: workspaceRoot(),
        env: { PATH: process.env['PATH'], ...env },
      },
    );
    return JSON.parse(stdout) as unknown;
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    setup = await setUp();
    proxied = 0;
    proxy = createServer().on('connect', (_request, socket) => {
      proxied++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const other = await testAuthority();
    const { house, senate, deliveryAgent } = setup.config;
    wrongConfig = folder.file('wrong.json');
    rightConfig = folder.file('right.json');
    writeFileSync(rightConfig, JSON.stringify(setup.config));
    writeFileSync(
      wrongConfig,
      JSON.stringify({ deliveryAgent, senate, house: { ...house, certificateAuthorities: other.certificatePem } }),
    );
    writeFileSync(folder.file('ca.pem'), setup.simulator.certificateAuthorityPem);
    mkdirSync(join(folder.path, 'certs'));
  });
  afterAll(async () => {
    await setup.simulator.stop();
    await new Promise((resolve) => proxy.close(resolve));
    await folder.remove();
  });
  beforeEach(() => setup.simulator.clearReceived());

  it.each([
    ['NODE_TLS_REJECT_UNAUTHORIZED', () => '0'],
    ['NODE_EXTRA_CA_CERTS', () => folder.file('ca.pem')],
    ['SSL_CERT_FILE', () => folder.file('ca.pem')],
    ['NODE_USE_SYSTEM_CA', () => '1'],
    ['NODE_OPTIONS', () => '--use-openssl-ca'],
  ])('accepts no wrong certificate with %s', async (name, value) => {
    expect(await deliverWith({ [name]: value(), SSL_CERT_FILE: folder.file('ca.pem') }, wrongConfig)).toEqual({
      outcome: 'pending',
      reason: 'certificate_refused',
      detail: null,
    });
    expect(setup.simulator.received()).toEqual([]);
  });

  it('uses no proxy that variables name', async () => {
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    expect(
      await deliverWith(
        {
          NODE_USE_ENV_PROXY: '1',
          HTTPS_PROXY: url,
          HTTP_PROXY: url,
          https_proxy: url,
          http_proxy: url,
          ALL_PROXY: url,
        },
        rightConfig,
      ),
    ).toMatchObject({ outcome: 'accepted' });
    expect(proxied).toBe(0);
  });

  it('writes no session secrets to a file', async () => {
    const file = folder.file('keylog');
    expect(await deliverWith({ NODE_OPTIONS: `--tls-keylog=${file}`, SSLKEYLOGFILE: file }, rightConfig)).toMatchObject(
      { outcome: 'accepted' },
    );
    expect(existsSync(file)).toBe(false);
  });
});
