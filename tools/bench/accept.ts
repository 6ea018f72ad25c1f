import { keyIdOf, generateKeyPair, seal } from '@communique-tee/crypto';
import { DEFAULT_SUITE, encodeSealedMessage } from '@communique-tee/protocol';
import { developmentMeasurements, developmentRootPem } from '@communique-tee/nsm-mock';
import { freePort, migrate, spawnService, startPostgres, temporaryFolder } from '@communique-tee/test-support';
import { buildApps, createTokenIssuer } from '@communique-tee/test-system';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Pool } from 'undici';
import { beside, type Row } from './measure';

const CONNECTIONS = 32;
const MESSAGES = 6000;
const ENOUGH = '1000000.00';

/**
 * A whole accepted POST (token, limits, budget, PostgreSQL with fsync, 202) against the same body posted to bare node:http, and to
 * that through nginx. Nothing is relayed meanwhile: the enclave is not there.
 */
export async function acceptRows(): Promise<Row[]> {
  const folder = await temporaryFolder('bench-accept');
  const postgres = await startPostgres({ folder: join(folder.path, 'postgres'), persistent: true });
  const stops: (() => Promise<unknown>)[] = [() => postgres.stop(), () => folder.remove()];
  try {
    const databaseUrl = await postgres.createDatabase('bench');
    await migrate(databaseUrl);
    const bundles = await buildApps();
    const issuer = await createTokenIssuer(folder.path);
    const rootFile = join(folder.path, 'development-root.pem');
    writeFileSync(rootFile, await developmentRootPem(join(folder.path, 'nsm')));
    const port = await freePort();
    const url = `http://127.0.0.1:${String(port)}`;
    const gateway = await spawnService({
      command: process.execPath,
      args: [bundles.gateway],
      env: {
        NODE_ENV: 'development',
        LOG_LEVEL: 'error',
        PORT: String(port),
        DATABASE_URL: databaseUrl,
        AUTH_ISSUER: issuer.issuer,
        AUTH_AUDIENCE: issuer.audience,
        AUTH_JWKS_FILE: issuer.jwksFile,
        TEE_PROVIDER: 'mock',
        ENCLAVE_URL: `tcp:127.0.0.1:${String(await freePort())}`,
        TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
        ATTESTATION_DEVELOPMENT_ROOT_FILE: rootFile,
        RATE_LIMIT_MAX_REQUESTS: '1000000',
        DEFAULT_USER_DAILY_LIMIT: ENOUGH,
        SYSTEM_HOURLY_LIMIT: ENOUGH,
        EMERGENCY_SHUTDOWN_THRESHOLD: ENOUGH,
      },
      readyWhen: async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok === true,
      readyTimeoutMs: 30_000,
    });
    stops.unshift(() => gateway.stop());
    const token = await issuer.token('bench');
    const bodies = sealedMessages();
    const accepted: Row = { what: 'accepted POST', rate: await load(url, '/api/messages', bodies, token), unit: 'req/s' };

    const bare = createServer((request, response) => {
      request.resume().once('end', () => response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"queued"}'));
    });
    await new Promise<void>((listening) => bare.listen(0, '127.0.0.1', listening));
    stops.unshift(() => new Promise((closed) => bare.close(closed).closeAllConnections()));
    const address = bare.address();
    const barePort = typeof address === 'object' && address !== null ? address.port : 0;
    const bareRow: Row = { what: 'bare node:http (in the loading process)', rate: await load(`http://127.0.0.1:${String(barePort)}`, '/', bodies, token), unit: 'req/s' };
    const rows = [bareRow, beside(accepted, bareRow)];

    const nginxUrl = await startNginx(folder.path, barePort, stops);
    if (nginxUrl === undefined) rows.push({ what: 'nginx passing through', rate: 0, unit: 'req/s', note: 'no nginx on this machine: not measured' });
    else {
      const nginx: Row = { what: 'nginx passing through to it', rate: await load(nginxUrl, '/', bodies, token), unit: 'req/s' };
      rows.push(nginx, beside({ ...accepted, what: 'accepted POST ' }, nginx));
    }
    return rows;
  } finally {
    for (const stop of stops) await stop();
  }
}

function sealedMessages(): Uint8Array[] {
  const { publicKey } = generateKeyPair();
  const keyId = keyIdOf(publicKey);
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + 3600;
  return Array.from({ length: MESSAGES }, () =>
    encodeSealedMessage(
      seal({ publicKey, keyId, suite: DEFAULT_SUITE, messageId: randomBytes(16), expiresAtSeconds, nullifier: null, plaintext: randomBytes(1500) }).message,
    ),
  );
}

/** Every body once, over a fixed number of connections; the first tenth warms up. Anything but a 202 ends the bench. */
async function load(origin: string, path: string, bodies: readonly Uint8Array[], token: string): Promise<number> {
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  const warmUp = bodies.length / 10;
  let next = 0;
  let startedMs = 0;
  const sender = async (): Promise<void> => {
    for (;;) {
      const at = next++;
      if (at === warmUp) startedMs = performance.now();
      const body = bodies[at];
      if (!body) return;
      const { statusCode, body: answer } = await pool.request({
        path,
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/cbor' },
        body,
      });
      const text = await answer.text();
      if (statusCode !== 202) throw new Error(`${path} answered ${String(statusCode)}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  const tookMs = performance.now() - startedMs;
  await pool.close();
  return ((bodies.length - warmUp) * 1000) / tookMs;
}

async function startNginx(folder: string, targetPort: number, stops: (() => Promise<unknown>)[]): Promise<string | undefined> {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 1;
events { worker_connections 512; }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream target { server 127.0.0.1:${String(targetPort)}; keepalive 64; }
  server { listen 127.0.0.1:${String(port)}; location / { proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection ""; client_max_body_size 1m; } }
}
`,
  );
  const url = `http://127.0.0.1:${String(port)}`;
  const nginx = await spawnService({ command: 'nginx', args: ['-c', file], readyWhen: async () => (await fetch(url).catch(() => undefined)) !== undefined });
  stops.unshift(() => nginx.stop());
  return url;
}
