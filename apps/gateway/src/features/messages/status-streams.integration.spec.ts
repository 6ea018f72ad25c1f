import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, get as httpGet, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageIdToText, type MessageView, messageViewSchema, sealedMessageToJson } from '@communique-tee/protocol';
import {
  describeWith,
  freePort,
  spawnService,
  temporaryFolder,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Database } from '../../core/database/database';
import { type GatewayUnderTest, startGateway } from '../../testing/gateway-under-test';
import { createIssuer, type Issuer } from '../../testing/issuer';
import { sealedMessage } from '../../testing/sealed';
import { StatusStreams } from './status-streams';

const EVENTS = 'text/event-stream';

describe('the stream of a message', () => {
  let postgres: Postgres;
  let folder: TemporaryFolder;
  let issuer: Issuer;
  let environment: Record<string, string>;
  let gateway: GatewayUnderTest;
  let database: Database;
  let streams: StatusStreams;
  let usual: StatusStreams['timing'];
  const agent = new Agent({ maxSockets: Infinity });

  beforeAll(async () => {
    [postgres, folder, issuer] = await Promise.all([startPostgres(), temporaryFolder(), createIssuer()]);
    await issuer.writeKeySet(folder.file('jwks.json'));
    const url = await postgres.createMigratedDatabase();
    environment = { DATABASE_URL: url, AUTH_JWKS_FILE: folder.file('jwks.json'), MAX_CONNECTIONS_PER_ADDRESS: '2000' };
    gateway = await startGateway(environment);
    database = gateway.app.get(Database);
    streams = gateway.app.get(StatusStreams);
    usual = { ...streams.timing };
  });
  afterAll(async () => {
    agent.destroy();
    await gateway.close();
    await postgres.stop();
    await folder.remove();
  });
  beforeEach(() => {
    Object.assign(streams.timing, usual, { pollMs: 20, tickMs: 20 });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await until(() => streams.count === 0);
  });

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await sleep(10);
  }
  async function post(as = 'alice', url = gateway.url): Promise<string> {
    const message = sealedMessage();
    const response = await fetch(`${url}/api/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await issuer.token(as)}`, 'content-type': 'application/json' },
      body: JSON.stringify(sealedMessageToJson(message)),
    });
    expect(response.status).toBe(202);
    return messageIdToText(message.messageId);
  }
  async function plain(id: string, as = 'alice'): Promise<unknown> {
    return (
      await fetch(`${gateway.url}/api/messages/${id}`, {
        headers: { authorization: `Bearer ${await issuer.token(as)}` },
      })
    ).json();
  }

  interface Listening {
    readonly response: IncomingMessage;
    text(): string;
    views(): MessageView[];
    /** Resolves to 'end' for an orderly end of the answer, otherwise to 'cut'. */
    readonly over: Promise<'end' | 'cut'>;
    leave(): void;
  }
  async function listen(
    id: string,
    { as = 'alice', url = gateway.url }: { as?: string; url?: string } = {},
  ): Promise<Listening> {
    const headers = { authorization: `Bearer ${await issuer.token(as)}`, accept: EVENTS };
    return new Promise((resolve, reject) => {
      const request = httpGet(`${url}/api/messages/${id}/events`, { agent, headers }, (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (part: string) => (text += part))
          .on('error', () => undefined);
        const over = new Promise<'end' | 'cut'>((ended) => {
          response.once('end', () => {
            ended('end');
          });
          response.once('close', () => {
            ended('cut');
          });
        });
        const views = () =>
          [...text.matchAll(/^event: status\ndata: (.*)\n\n/gm)].map(([, data = '']) =>
            messageViewSchema.parse(JSON.parse(data)),
          );
        resolve({
          response,
          text: () => text,
          views,
          over,
          leave: () => {
            request.destroy();
          },
        });
      });
      request.on('error', reject);
    });
  }
  const set = (id: string, data: Parameters<Database['client']['message']['update']>[0]['data']) =>
    database.client.message.update({ where: { id }, data, select: { id: true } });
  const end = (id: string) =>
    database.transaction(async (transaction) => {
      await transaction.deliveryJob.delete({ where: { messageId: id } });
      await transaction.message.update({
        where: { id },
        data: { status: 'refused', reason: 'sealed_message_refused', endedAt: new Date() },
        select: { id: true },
      });
    });

  it('begins with the current status, sends each change, and ends when the message ends', async () => {
    const id = await post();
    const listening = await listen(id);
    expect(listening.response.statusCode).toBe(200);
    expect(listening.response.headers).toMatchObject({
      'content-type': EVENTS,
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      ratelimit: expect.any(String) as string,
    });
    await until(() => listening.views().length === 1);
    expect(listening.text()).toMatch(/^retry: \d+\n\n/);
    expect(listening.views()[0]).toEqual(await plain(id));
    await set(id, { status: 'delivering', attempts: 1 });
    await until(() => listening.views().length === 2);
    await end(id);
    expect(await listening.over).toBe('end');
    // Two queries read message and job, so a view that is read while the message ends may repeat the earlier status.
    const seen = listening.views().map(({ status, attempts }) => `${status} ${String(attempts)}`);
    expect([...new Set(seen)]).toEqual(['queued 0', 'delivering 1', 'refused 1']);
    expect(listening.views().at(-1)).toEqual(await plain(id));
    const late = await listen(id);
    expect(await late.over).toBe('end');
    expect(late.views()).toHaveLength(1);
  });

  it('sends no event if the row was written without a change', async () => {
    const id = await post();
    const listening = await listen(id);
    const read = jest.spyOn(database.client.message, 'findMany');
    await set(id, { status: 'queued' });
    await until(() => read.mock.calls.length > 0);
    await set(id, { attempts: 1 });
    await until(() => listening.views().length > 1);
    expect(listening.views().map(({ attempts }) => attempts)).toEqual([0, 1]);
    listening.leave();
  });

  it('has its own address, whatever the client accepts', async () => {
    const id = await post();
    for (const accept of ['', '*/*', 'application/json', EVENTS, 'text/html']) {
      const headers = { authorization: `Bearer ${await issuer.token('alice')}`, accept };
      const response = await fetch(`${gateway.url}/api/messages/${id}`, { headers });
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(await response.json()).toMatchObject({ id, status: 'queued' });
      const leaving = new AbortController();
      const events = await fetch(`${gateway.url}/api/messages/${id}/events`, { headers, signal: leaving.signal });
      expect(events.headers.get('content-type')).toBe(EVENTS);
      leaving.abort();
    }
  });

  it('is open only to the owner of the message', async () => {
    const id = await post();
    for (const [what, as] of [
      [id, 'bob'],
      [id.toUpperCase(), 'alice'],
      ['x', 'alice'],
    ] as const) {
      const { response, over } = await listen(what, { as });
      await over;
      expect([response.statusCode, response.headers['content-type']]).toEqual([404, 'application/problem+json']);
    }
    expect((await fetch(`${gateway.url}/api/messages/${id}/events`)).status).toBe(401);
  });

  it('ends if the message is deleted, or its id now belongs to another user', async () => {
    const [deleted, taken] = [await post(), await post()];
    const listening = await Promise.all([listen(deleted), listen(taken)]);
    await database.client.message.delete({ where: { id: deleted } });
    await set(taken, { owner: 'somebody else'.padEnd(43, '_'), attempts: 7 });
    expect(await Promise.all(listening.map(({ over }) => over))).toEqual(['end', 'end']);
    expect(listening.flatMap((each) => each.views()).map(({ attempts }) => attempts)).toEqual([0, 0]);
  });

  it('is kept open by comments, but ends after the maximum duration of a stream', async () => {
    Object.assign(streams.timing, { heartbeatMs: 30, maxMs: 300 });
    const listening = await listen(await post());
    expect(await listening.over).toBe('end');
    expect(listening.text().match(/^: still here$/gm)?.length).toBeGreaterThan(1);
    expect(listening.views()).toHaveLength(1);
  });

  it('stays open while the database is away for a moment', async () => {
    const id = await post();
    const listening = await listen(id);
    await until(() => listening.views().length === 1);
    const read = jest.spyOn(database, 'read').mockRejectedValue(new Error('away'));
    await until(() => read.mock.calls.length > 2);
    read.mockRestore();
    await end(id);
    expect(await listening.over).toBe('end');
    expect(listening.views()).toHaveLength(2);
  });

  it('may be open ten times for one caller, and again after one of the ten has ended', async () => {
    const id = await post();
    const mine = await Promise.all(Array.from({ length: 10 }, () => listen(id)));
    const refused = await listen(id);
    await refused.over;
    expect([refused.response.statusCode, JSON.parse(refused.text())]).toMatchObject([
      429,
      { code: 'rate_limited', retryAfterSeconds: 5 },
    ]);
    const others = await listen(await post('bob'), { as: 'bob' });
    expect(others.response.statusCode).toBe(200);
    expect(await plain(id)).toMatchObject({ id });
    mine[0]?.leave();
    await until(() => streams.count === 10);
    const again = await listen(id);
    expect(again.response.statusCode).toBe(200);
    for (const each of [...mine, others, again]) each.leave();
  });

  it('frees the slot of a request for a message that does not exist', async () => {
    const id = messageIdToText(sealedMessage().messageId);
    for (let n = 0; n < 25; n++) expect((await listen(id)).response.statusCode).toBe(404);
    expect(streams.count).toBe(0);
  });

  it('costs one query per poll for 500 readers, and is refused beyond the limit of the process', async () => {
    const owners = Array.from({ length: 50 }, (_, n) => `owner-${String(n)}`);
    const ids = await Promise.all(owners.map((as) => post(as)));
    const { all } = streams.limits;
    streams.limits.all = 500;
    const listening = (
      await Promise.all(
        owners.map((as, n) => Promise.all(Array.from({ length: 10 }, () => listen(ids[n] ?? '', { as })))),
      )
    ).flat();
    expect(streams.count).toBe(500);
    const one = await post('late');
    const refused = await listen(one, { as: 'late' });
    await refused.over;
    expect([refused.response.statusCode, JSON.parse(refused.text())]).toMatchObject([503, { code: 'overloaded' }]);
    expect(Number(refused.response.headers['retry-after'])).toBeGreaterThan(0);
    expect(await plain(one, 'late')).toMatchObject({ id: one });
    await until(() => listening.every((each) => each.views().length === 1));
    const versions = () =>
      [...(streams as unknown as { open: Set<{ version: string }> }).open].map(({ version }) => version);
    await until(() => versions().every((version) => version !== '')); // each row's version was read once
    const reads = jest.spyOn(database, 'read');
    const polls = jest.spyOn(streams as unknown as { pollOnce(): Promise<void> }, 'pollOnce');
    await until(() => polls.mock.calls.length >= 5);
    // Each poll makes one query, not one for each of 50 messages; the gauges make a few more.
    expect(reads.mock.calls.length).toBeLessThan(polls.mock.calls.length * 5);
    await Promise.all(ids.map((id) => end(id)));
    expect(new Set(await Promise.all(listening.map(({ over }) => over)))).toEqual(new Set(['end']));
    expect(listening.every((each) => each.views().at(-1)?.status === 'refused')).toBe(true);
    streams.limits.all = all;
  });

  it('is cut if the client does not read, and buffers at most one event until then', async () => {
    Object.assign(streams.timing, { heartbeatMs: 50, slowMs: 300 });
    const id = await post();
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    socket.write(
      `GET /api/messages/${id}/events HTTP/1.1\r\nhost: x\r\naccept: ${EVENTS}\r\nauthorization: Bearer ${await issuer.token('alice')}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    // Send more bytes than the buffers of both ends take
    for (let attempts = 1; streams.count === 1; attempts++) {
      await set(id, { attempts, receipt: 'x'.repeat(8_000_000), attestationDocument: new Uint8Array(1) });
      for (const { body } of (streams as unknown as { open: Set<{ body: Readable }> }).open)
        expect(body.readableLength).toBeLessThan(8_100_000);
      await sleep(20);
    }
    socket.resume();
    await closed;
  });

  it('frees every slot after a thousand clients have come and gone', async () => {
    const id = await post();
    const token = await issuer.token('alice');
    for (let round = 0; round < 50; round++) {
      const sockets = Array.from({ length: 20 }, () =>
        connect(Number(new URL(gateway.url).port), '127.0.0.1').on('error', () => undefined),
      );
      for (const [at, socket] of sockets.entries()) {
        socket.write(
          `GET /api/messages/${id}/events HTTP/1.1\r\nhost: x\r\naccept: ${EVENTS}\r\nauthorization: Bearer ${token}\r\n\r\n`,
        );
        if (at % 2 === 0) setImmediate(() => socket.destroy());
        else socket.once('data', () => socket.destroy());
      }
      await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    }
    await until(() => streams.count === 0);
    const listening = await listen(id);
    expect(listening.response.statusCode).toBe(200);
    listening.leave();
  });

  it('ends without an error when the gateway shuts down, and tells the client to reconnect', async () => {
    const other = await startGateway(environment);
    const ids = await Promise.all(Array.from({ length: 20 }, () => post('alice', other.url)));
    const listening = await Promise.all(ids.map((id, n) => listen(id, { url: n < 10 ? other.url : gateway.url })));
    const theirs = listening.slice(0, 10);
    await until(() => listening.every((each) => each.views().length === 1));
    await other.close();
    expect(await Promise.all(theirs.map(({ over }) => over))).toEqual(theirs.map(() => 'end'));
    for (const each of theirs) expect(each.text()).toMatch(/\n\nretry: [1-6]\d{3}\n\n$/);
    for (const each of listening.slice(10)) each.leave();
  });

  const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path));
  describeWith(
    nginx === undefined
      ? { available: false, reason: 'there is no nginx here (apt-get install nginx-light)' }
      : { available: true },
    'behind nginx',
    () => {
      it('is passed on event by event, and ends when the gateway ends it', async () => {
        const port = await freePort();
        const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
          .map((name) => `${name}_temp_path ${folder.file(name)};`)
          .join(' ');
        await writeFile(
          folder.file('nginx.conf'),
          `daemon off; master_process off; pid ${folder.file('nginx.pid')}; error_log stderr;
        events {} http { access_log off; ${temporary} server { listen 127.0.0.1:${String(port)}; location / { proxy_pass ${gateway.url}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering on; } } }`,
        );
        const url = `http://127.0.0.1:${String(port)}`;
        const service = await spawnService({
          command: nginx ?? '',
          args: ['-e', 'stderr', '-c', folder.file('nginx.conf')],
          readyWhen: async () => (await fetch(url).catch(() => undefined)) !== undefined,
        });
        const id = await post();
        const listening = await listen(id, { url });
        await until(() => listening.views().length === 1);
        await set(id, { attempts: 1 });
        await until(() => listening.views().length === 2);
        await end(id);
        expect(await listening.over).toBe('end');
        expect(listening.response.headers['content-type']).toBe(EVENTS);
        await service.stop();
      });
    },
  );
});
