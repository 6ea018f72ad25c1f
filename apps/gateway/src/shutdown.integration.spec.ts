import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageIdToText, sealedMessageToJson } from '@communique-tee/protocol';
import {
  appBundle,
  type Service,
  spawnService,
  temporaryFolder,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';
import { AUDIENCE, createIssuer, ISSUER } from './testing/issuer';
import { sealedMessage } from './testing/sealed';

const CLIENTS = 16;

interface Posted {
  readonly id: string;
  /** The status of a complete answer, or what went wrong. */
  readonly came: number | string;
}

/** The production bundle as a separate process, asked to stop while it works. */
describe('a gateway that is asked to stop', () => {
  let folder: TemporaryFolder;
  let postgres: Postgres;
  let bundle: string;
  let token: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    bundle = join(await appBundle('gateway'), 'main.js');
    postgres = await startPostgres();
    const url = await postgres.createMigratedDatabase();
    const issuer = await createIssuer();
    await issuer.writeKeySet(folder.file('jwks.json'));
    token = await issuer.token('alice');
    environment = {
      NODE_ENV: 'development',
      PORT: '0',
      DATABASE_URL: url,
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      TEE_ENDPOINT: `unix:${folder.file('no-enclave.sock')}`,
      TEE_EXPECTED_CODE_HASH: `sha384:${'ab'.repeat(48)}`,
      TEE_EXPECTED_OPERATOR: `sha384:${'cd'.repeat(48)}`,
      RATE_LIMIT_MAX_REQUESTS: '1000000',
      DEFAULT_USER_DAILY_LIMIT: '100000',
      MESSAGES_PER_USER_DAY: '0',
      SYSTEM_HOURLY_LIMIT: '100000',
      EMERGENCY_SHUTDOWN_THRESHOLD: '100000',
    };
  });
  afterAll(async () => {
    await postgres.stop();
    await folder.remove();
  });

  async function start(over: Record<string, string>): Promise<{ service: Service; port: number }> {
    const service = await spawnService({
      command: process.execPath,
      args: [bundle],
      cwd: folder.path,
      env: { ...environment, ...over },
      readyWhen: /"msg":"listening"/,
    });
    const listening =
      service
        .output()
        .split('\n')
        .find((line) => line.includes('"msg":"listening"')) ?? '{}';
    return { service, port: (JSON.parse(listening) as { port: number }).port };
  }

  function post(port: number, agent: Agent): Promise<Posted> {
    const message = sealedMessage();
    const id = messageIdToText(message.messageId);
    return new Promise((resolve) => {
      const fail = (error: Error & { code?: string }) => {
        resolve({ id, came: error.code ?? error.message });
      };
      const asked = request(
        {
          agent,
          port,
          host: '127.0.0.1',
          method: 'POST',
          path: '/api/messages',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        },
        (response) => {
          let body = '';
          response
            .setEncoding('utf8')
            .on('data', (text: string) => (body += text))
            .on('error', fail);
          response.on('end', () => {
            try {
              resolve({
                id,
                came:
                  (JSON.parse(body) as { id?: string }).id === id || response.statusCode !== 202
                    ? (response.statusCode ?? 0)
                    : 'another answer',
              });
            } catch {
              resolve({ id, came: 'no JSON' });
            }
          });
        },
      );
      asked.on('error', fail);
      asked.end(JSON.stringify(sealedMessageToJson(message)));
    });
  }

  it('answers every request that a load balancer still sends, keeps every message answered with 202, and exits with 0', async () => {
    const { service, port } = await start({ SHUTDOWN_DRAIN_MS: '5000' });
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    const posted: Posted[] = [];
    let ready = true;
    const balancer = (async () => {
      while (ready) {
        ready = (await fetch(`http://127.0.0.1:${String(port)}/health/ready`)).status === 200;
        await sleep(50);
      }
    })();
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (ready) posted.push(await post(port, agent));
    });
    while (posted.length < 100) await sleep(10);
    const before = posted.length;
    process.kill(service.pid, 'SIGTERM');
    await Promise.all([balancer, ...clients]);
    agent.destroy();
    expect(await service.exited).toEqual({ code: 0, signal: null });

    expect(posted.length).toBeGreaterThan(before);
    expect(posted.filter(({ came }) => came !== 202)).toEqual([]);
    const client = new Client({ connectionString: environment['DATABASE_URL'] });
    await client.connect();
    const { rows } = await client.query<{ id: string }>('SELECT message_id::text AS id FROM delivery_job');
    const { rows: leased } = await client.query('SELECT FROM delivery_job WHERE lease_owner IS NOT NULL');
    await client.end();
    expect(rows.map(({ id }) => id).sort()).toEqual(posted.map(({ id }) => id).sort());
    expect(leased).toEqual([]);
  });

  it('cuts requests that do not end, and still exits with 0', async () => {
    const { service, port } = await start({ SHUTDOWN_TIMEOUT_MS: '2000', REQUEST_TIMEOUT_MS: '300000' });
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /api/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n{`,
    );
    const cut = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
    await new Promise((resolve) => socket.once('data', resolve));
    process.kill(service.pid, 'SIGTERM');
    await cut;
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(service.output()).toContain('shutdown: open connections are cut');
  });
});
