import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { LIMITS } from '@communique-tee/protocol';
import {
  commandAvailability,
  describeWith,
  freePort,
  temporaryFolder,
  type Service,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { hostNameOf } from './testing/host-names';
import { EXAMPLES, EXTERNAL, MANAGED, ON_PARENT } from './testing/example-settings';
import { httpsRequest } from './testing/https-request';
import { run } from './testing/run';
import { stageNginx, type StagedNginx } from './testing/start-nginx';

const NAME = 'communique.example.org';
const nginx = (args: readonly string[]) =>
  run('nginx', args, { env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` } });

describeWith(commandAvailability('nginx', 'nginx-light'), 'nginx', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder('parent-nginx');
    // nginx's workers do not run as root, and must read the folder.
    await chmod(folder.path, 0o755);
  });
  afterAll(() => folder.remove());

  it.each(EXAMPLES)('accepts its configuration: %s', async (_name, settings) => {
    const staged = await stageNginx(settings, join(folder.path, `test-${settings.stack}`));
    const { code, stderr } = await nginx(['-t', '-c', staged.configuration, '-e', 'stderr']);
    expect([code, stderr.match(/\[(warn|emerg|error)\].*/)]).toEqual([0, null]);
  });

  it.each([4, 46, 47, 64, 65, 250])('accepts a host name of %i characters', async (length) => {
    const domain = hostNameOf(length);
    const staged = await stageNginx(
      {
        ...ON_PARENT,
        https: {
          by: 'certbot',
          domain,
          email: 'operations@example.org',
          keptInSecret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf',
        },
      },
      join(folder.path, `name-${String(length)}`),
    );
    const { code, stderr } = await nginx(['-t', '-c', staged.configuration, '-e', 'stderr']);
    expect([code, stderr.match(/\[(warn|emerg|error)\].*/)]).toEqual([0, null]);
  });

  it('listens on ports 443 and 80, with IPv4 and IPv6', async () => {
    const { renderParentFiles } = await import('./index');
    expect(renderParentFiles(ON_PARENT)['/etc/communique/nginx/servers.conf']?.content.match(/listen .*/g)).toEqual([
      ...[
        'listen 80 default_server;',
        'listen [::]:80 default_server;',
        'listen 443 ssl default_server;',
        'listen [::]:443 ssl default_server;',
      ],
      ...['listen 443 ssl http2;', 'listen [::]:443 ssl http2;'],
    ]);
  });

  describe('with certbot’s certificate, in front of a gateway', () => {
    let staged: StagedNginx;
    let service: Service;
    let gateway: Server;
    let ca: string;
    let seen: { url: string | undefined; headers: IncomingHttpHeaders } | undefined;

    beforeAll(async () => {
      gateway = createServer((request, response) => {
        seen = { url: request.url, headers: request.headers };
        request
          .resume()
          .on('end', () =>
            response
              .writeHead(request.url === '/teapot' ? 503 : 200, { 'content-type': 'application/problem+json' })
              .end('{"code":"mine"}'),
          );
      });
      await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
      const { port } = gateway.address() as AddressInfo;
      staged = await stageNginx(
        { ...ON_PARENT, gateway: { ...ON_PARENT.gateway, port } },
        join(folder.path, 'certbot'),
      );
      service = await staged.start();
      ca = await readFile(staged.certificate, 'utf8');
    });
    afterAll(async () => {
      await (service as Service | undefined)?.stop();
      gateway.close();
    });
    const ask = (options: Parameters<typeof httpsRequest>[3] = {}) => httpsRequest(staged.httpsPort, NAME, ca, options);

    it('sends the client’s real address to the gateway, whatever the client claims', async () => {
      const claimed = {
        'x-forwarded-for': '203.0.113.7',
        'x-real-ip': '203.0.113.7',
        forwarded: 'for=203.0.113.7',
        'x-forwarded-host': 'evil.example',
      };
      expect((await ask({ path: '/attestation?nonce=00', headers: claimed })).status).toBe(200);
      expect(seen?.url).toBe('/attestation?nonce=00');
      expect(seen?.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', host: NAME });
      expect(JSON.stringify(seen?.headers)).not.toMatch(/203\.0\.113\.7|evil/);
    });

    it('sends HSTS with every answer, and not the version of nginx', async () => {
      for (const answer of [
        await ask(),
        await ask({ path: '/teapot' }),
        await ask({ method: 'POST', body: Buffer.alloc(LIMITS.maxEnvelopeJsonBytes + 1) }),
      ]) {
        expect(answer.headers['strict-transport-security']).toMatch(/^max-age=63072000/);
        expect(answer.headers['server']).toBe('nginx');
      }
    });

    it('accepts the largest message, and refuses a larger one as the gateway would', async () => {
      expect((await ask({ method: 'POST', body: Buffer.alloc(LIMITS.maxEnvelopeJsonBytes) })).status).toBe(200);
      const refused = await ask({ method: 'POST', body: Buffer.alloc(LIMITS.maxEnvelopeJsonBytes + 1) });
      expect([
        refused.status,
        refused.headers['content-type'],
        (JSON.parse(refused.body) as { code: string }).code,
      ]).toEqual([413, 'application/problem+json', 'body_too_large']);
    });

    it('refuses headers that are too large', async () => {
      const refused = await ask({ headers: { 'x-large': 'a'.repeat(20_000) } });
      expect([refused.status, (JSON.parse(refused.body) as { code: string }).code]).toEqual([431, 'headers_too_large']);
    });

    it("does not change the gateway's own answers", async () => {
      expect(await ask({ path: '/teapot' })).toMatchObject({ status: 503, body: '{"code":"mine"}' });
    });

    it('accepts HTTP/2', async () => {
      const session = connectHttp2(`https://127.0.0.1:${String(staged.httpsPort)}`, { servername: NAME, ca });
      const status = await new Promise((done) =>
        session
          .request({ ':authority': NAME })
          .on('response', (headers) => {
            done(headers[':status']);
          })
          .resume(),
      );
      session.close();
      expect(status).toBe(200);
    });

    it.each(['TLSv1', 'TLSv1.1'] as const)('refuses %s', async (version) => {
      await expect(ask({ minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' })).rejects.toThrow();
    });

    it.each(['TLSv1.2', 'TLSv1.3'] as const)('accepts %s', async (version) => {
      expect((await ask({ minVersion: version, maxVersion: version })).status).toBe(200);
    });

    it('refuses the TLS handshake of a client that names another host', async () => {
      const failed = await new Promise<string>((done) => {
        const socket = connectTls(
          { host: '127.0.0.1', port: staged.httpsPort, servername: 'other.example.org', rejectUnauthorized: false },
          () => {
            done('connected');
          },
        );
        socket.on('error', (error) => {
          done(error.message);
        });
      });
      expect(failed).toMatch(/unrecognized name/);
    });

    it("serves the issuer's challenges on port 80, and redirects every other request to 443", async () => {
      await writeFile(join(staged.root, 'var/lib/communique-acme/.well-known/acme-challenge/token'), 'proof', {
        mode: 0o644,
      });
      const at = `http://127.0.0.1:${String(staged.httpPort)}`;
      expect(await (await fetch(`${at}/.well-known/acme-challenge/token`)).text()).toBe('proof');
      expect((await fetch(`${at}/.well-known/acme-challenge/../../../etc/passwd`, { redirect: 'manual' })).status).toBe(
        308,
      );
      const redirect = await fetch(`${at}/api/messages`, { redirect: 'manual', method: 'POST', body: 'x' });
      expect([redirect.status, redirect.headers.get('location')]).toEqual([308, `https://${NAME}/api/messages`]);
    });

    it('refuses too many requests as the gateway would', async () => {
      const answers = await Promise.all(Array.from({ length: 160 }, () => ask()));
      const refused = answers.find(({ status }) => status === 429);
      expect(JSON.parse(refused?.body ?? '{}')).toMatchObject({ code: 'rate_limited' });
      expect(refused?.headers['retry-after']).toBeDefined();
    });

    it('logs counts, and no address, path or header', async () => {
      await ask({
        path: '/api/messages/secret-id?token=secret-token',
        headers: { authorization: 'Bearer secret-token', 'user-agent': 'secret-agent' },
      });
      const log = await readFile(join(staged.root, 'var/log/communique-nginx/access.log'), 'utf8');
      for (const line of log.trim().split('\n'))
        expect(Object.keys(JSON.parse(line) as object)).toEqual([
          'time',
          'source',
          'method',
          'status',
          'bytesIn',
          'bytesOut',
          'seconds',
          'upstreamSeconds',
          'tls',
        ]);
      expect(`${log}${service.output()}`.split('\n').filter((line) => /secret|127\.0\.0\.1/.test(line))).toEqual([]);
    });
  });

  it('answers 503 overloaded while no gateway listens', async () => {
    const staged = await stageNginx(
      { ...ON_PARENT, gateway: { ...ON_PARENT.gateway, port: await freePort() } },
      join(folder.path, 'alone'),
    );
    await using _service = await staged.start();
    const answer = await httpsRequest(staged.httpsPort, NAME, await readFile(staged.certificate, 'utf8'));
    expect([answer.status, (JSON.parse(answer.body) as { code: string }).code, answer.headers['retry-after']]).toEqual([
      503,
      'overloaded',
      '5',
    ]);
  });

  it('sends the client’s address from the balancer, and ignores addresses that the client claims', async () => {
    let forwarded: unknown;
    await using gateway = createServer((request, response) => {
      forwarded = request.headers['x-forwarded-for'];
      response.end();
    });
    await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
    const { port } = gateway.address() as AddressInfo;
    const staged = await stageNginx(
      {
        ...MANAGED,
        https: { by: 'balancer', networks: ['127.0.0.0/8'], clientAddress: 'x-forwarded-for' },
        gateway: { ...MANAGED.gateway, port },
      },
      join(folder.path, 'balancer'),
    );
    await using _service = await staged.start();
    const ca = await readFile(staged.certificate, 'utf8');
    await httpsRequest(staged.httpsPort, 'communique.internal', ca, {
      headers: { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' },
    });
    expect(forwarded).toBe('203.0.113.9');
  });

  it('reads the client’s address from the proxy protocol if clientAddress says so', async () => {
    const staged = await stageNginx(EXTERNAL, join(folder.path, 'proxy-protocol'));
    const servers = await readFile(join(staged.root, 'etc/communique/nginx/servers.conf'), 'utf8');
    expect(servers).toMatch(/ssl proxy_protocol default_server;/);
    expect(servers).toContain('set_real_ip_from 10.20.0.0/16;\nreal_ip_header proxy_protocol;');
  });
});
