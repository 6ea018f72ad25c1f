import { request as httpRequest } from 'node:http';
import {
  decodeUtf8,
  encodeEnvelope,
  encodeSealedMessage,
  type ProblemCode,
  toBase64Url,
} from '@communique-tee/protocol';
import {
  badEnvelopes,
  type BadReason,
  committedProof,
  type CommittedProof,
  TEST_NOW_SECONDS,
  TEST_REGISTRAR,
} from '@communique-tee/residence/testing';
import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Metrics } from '../../core/telemetry/metrics';
import { redisAvailability, startRedis } from '@communique-tee/testing/redis';
import RedisClient from 'ioredis';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { Logger } from '../../core/telemetry/logger';
import { type GatewayUnderTest, startGateway } from '../../testing/gateway-under-test';
import { createIssuer, type Issuer } from '../../testing/issuer';
import { sealedMessage } from '../../testing/sealed';
import { cachedRefusalKeys, REFUSAL_LIFE_MS } from '../budget/cached-refusals';
import { DeliveryWorker } from '../delivery/delivery-worker';
import { Admission } from '../messages/admission';
import { ProofVerifier } from './proof-verifier';

/** The gateway's answers to bad messages, by the kind of fault. */
const CODES: Record<Exclude<BadReason, 'content'>, readonly ProblemCode[]> = {
  malformed: ['malformed_body'],
  circuit: ['circuit_retired'],
  root: ['root_not_accepted'],
  proof: ['proof_invalid'],
};

/**
 * The clock of the gateways shows the time of the committed proofs. The gateways relay no message, because the database's clock differs.
 */
describe('POST /api/messages with a proof of residence', () => {
  let postgres: Postgres;
  let folder: TemporaryFolder;
  let issuer: Issuer;
  let databaseUrl: string;
  const open: GatewayUnderTest[] = [];

  beforeAll(async () => {
    jest.useFakeTimers({
      now: TEST_NOW_SECONDS * 1000,
      doNotFake: [
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'requestAnimationFrame',
        'cancelAnimationFrame',
        'requestIdleCallback',
        'cancelIdleCallback',
        'setImmediate',
        'clearImmediate',
        'setInterval',
        'clearInterval',
        'setTimeout',
        'clearTimeout',
      ],
    });
    jest.spyOn(DeliveryWorker.prototype, 'onApplicationBootstrap').mockReturnValue(undefined);
    jest.spyOn(DeliveryWorker.prototype, 'beforeApplicationShutdown').mockResolvedValue(undefined);
    [postgres, folder, issuer] = await Promise.all([startPostgres(), temporaryFolder(), createIssuer()]);
    await issuer.writeKeySet(folder.file('jwks.json'));
  });
  beforeEach(async () => {
    databaseUrl = await postgres.createMigratedDatabase();
  });
  afterEach(async () => {
    for (const gateway of open.splice(0)) await gateway.close();
  });
  afterAll(async () => {
    await postgres.stop();
    await folder.remove();
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  async function start(environment: Record<string, string> = {}): Promise<GatewayUnderTest> {
    const gateway = await startGateway({
      DATABASE_URL: databaseUrl,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      RESIDENCE: 'required',
      RESIDENCE_REGISTRAR: TEST_REGISTRAR.id,
      RESIDENCE_KEYS: TEST_REGISTRAR.verifierKeys[0],
      RESIDENCE_FILES_URL: 'https://registrar.test/tree',
      RATE_LIMIT_PROOF_MAX_REQUESTS: '1000000',
      ...environment,
    });
    open.push(gateway);
    return gateway;
  }
  const database = ({ app }: GatewayUnderTest) => app.get(Database).client;

  interface Answer {
    readonly status: number;
    readonly code: string;
    readonly retryAfter: string | null;
    readonly view: Record<string, unknown>;
  }
  async function post(
    { url }: GatewayUnderTest,
    body: Uint8Array | object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isBinary = body instanceof Uint8Array;
    const response = await fetch(`${url}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': isBinary ? 'application/cbor' : 'application/json', ...headers },
      body: isBinary ? new Uint8Array(body) : JSON.stringify(body),
    });
    const view = (await response.json()) as Record<string, unknown>;
    return {
      status: response.status,
      code: String(view['code']),
      retryAfter: response.headers.get('retry-after'),
      view,
    };
  }
  const send = (gateway: GatewayUnderTest, { envelope }: Pick<CommittedProof, 'envelope'>) =>
    post(gateway, encodeEnvelope(envelope));
  const read = async ({ url }: GatewayUnderTest, path: string, secret?: Uint8Array, query = '') => {
    const response = await fetch(`${url}/api/messages/${path}${query}`, {
      headers: secret === undefined ? {} : { 'communique-status-secret': toBase64Url(secret) },
    });
    const text = await response.text();
    return { status: response.status, text };
  };
  const bearer = async (subject: string) => ({ authorization: `Bearer ${await issuer.token(subject)}` });

  it('accepts a proven message without a token, and treats the same message with a new proof as the same one', async () => {
    const gateway = await start();
    const first = await send(gateway, committedProof('ada roads'));
    expect(first).toMatchObject({ status: 202, view: { status: 'queued' } });
    for (const name of ['ada roads, proven again', 'ada roads, proven under the next root'])
      expect(await send(gateway, committedProof(name))).toMatchObject({
        status: 202,
        view: { id: first.view['id'], acceptedAt: first.view['acceptedAt'], status: 'queued' },
      });
    expect(await send(gateway, committedProof('ada roads, another message'))).toMatchObject({
      status: 409,
      code: 'already_sent',
    });
    expect(await send(gateway, committedProof('ada schools'))).toMatchObject({ status: 202 });
    const client = database(gateway);
    expect([await client.message.count(), await client.deliveryJob.count(), await client.nullifier.count()]).toEqual([
      2, 2, 2,
    ]);
    expect([await client.reservation.count(), await client.idempotencyKey.count()]).toEqual([0, 0]);
  });

  it('accepts one of two messages with the same nullifier if two gateways get them at the same time', async () => {
    const gateways = [await start(), await start()] as const;
    const names = ['ada roads', 'ada roads, another message'] as const;
    const answers = await Promise.all(
      gateways.map((gateway, at) => send(gateway, committedProof(names[at] ?? 'ada roads'))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(await database(gateways[0]).message.count()).toBe(1);
  });

  it('refuses every bad message with the code of its fault, writes nothing, and then takes good ones', async () => {
    const gateway = await start();
    const counts: Partial<Record<BadReason, number>> = {};
    for (const { name, reason, bytes } of badEnvelopes()) {
      if (reason === 'content') continue;
      const { status, code } = await post(gateway, bytes);
      counts[reason] = (counts[reason] ?? 0) + 1;
      expect({
        name,
        status: status < 500,
        code: CODES[reason].includes(code as ProblemCode) ? 'right' : code,
      }).toEqual({
        name,
        status: true,
        code: 'right',
      });
    }
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(200);
    const client = database(gateway);
    expect([await client.message.count(), await client.nullifier.count(), await client.budgetWindow.count()]).toEqual([
      0, 0, 0,
    ]);
    expect(await send(gateway, committedProof('ada roads'))).toMatchObject({ status: 202 });
    // The gateway accepts messages whose fault only the enclave can see.
    expect(await send(gateway, committedProof('jon roads, not opened'))).toMatchObject({ status: 202 });
  }, 240_000);

  it('shows a message’s status only to its status secret', async () => {
    const gateway = await start();
    const [mine, other] = [committedProof('ada roads'), committedProof('ben roads')];
    const { view } = await send(gateway, mine);
    await send(gateway, other);
    const id = String(view['id']);
    expect((await read(gateway, id, mine.statusSecret)).status).toBe(200);
    const wrong = await read(gateway, id, other.statusSecret);
    const unknown = await read(gateway, '57002600-82af-a80d-ae8b-6298563af5ce', mine.statusSecret);
    expect(wrong.status).toBe(404);
    expect(unknown).toEqual(wrong);
    expect((await read(gateway, `${id}/events`, other.statusSecret)).status).toBe(404);
    expect((await read(gateway, id)).status).toBe(401);
    const owned = await fetch(`${gateway.url}/api/messages/${id}`, { headers: await bearer('alice') });
    expect(owned.status).toBe(404);
    const stream = await fetch(`${gateway.url}/api/messages/${id}/events`, {
      headers: { 'communique-status-secret': toBase64Url(mine.statusSecret) },
    });
    const { value } = (await stream.body?.getReader().read()) ?? {};
    expect(decodeUtf8(value ?? new Uint8Array())).toContain('"status":"queued"');
  });

  it('refuses a copy with another status hash, and answers an exact copy as if the message were still queued', async () => {
    const gateway = await start();
    const mine = committedProof('ada roads');
    const thief = committedProof('ben roads');
    const { residence, sealed } = mine.envelope;
    const copy = { sealed, residence: { ...residence, statusSha256: thief.statusSha256 } };
    expect(await send(gateway, { envelope: copy })).toMatchObject({ status: 400, code: 'proof_invalid' });
    const { view } = await send(gateway, mine);
    expect(await send(gateway, { envelope: copy })).toMatchObject({ status: 409, code: 'message_id_taken' });
    const id = String(view['id']);
    await database(gateway).message.update({
      where: { id },
      data: {
        status: 'delivered',
        endedAt: new Date(),
        receipt: 'r',
        attestationDocument: new Uint8Array(1),
        sealedAnswer: new Uint8Array(1),
      },
    });
    const again = await send(gateway, mine);
    expect(again.view).toMatchObject({ status: 'queued', receipt: null, sealedAnswer: null, endedAt: null });
    expect((await read(gateway, id, mine.statusSecret)).text).toContain('"status":"delivered"');
    expect((await read(gateway, id, thief.statusSecret)).status).toBe(404);
  });

  it('reads a status secret only from its header, and writes it to no log or metric', async () => {
    const lines: string[] = [];
    for (const level of ['info', 'warn', 'error', 'debug'] as const)
      jest.spyOn(Logger.prototype, level).mockImplementation((...parts: unknown[]) => {
        lines.push(JSON.stringify(parts));
      });
    const gateway = await start();
    const mine = committedProof('ada roads');
    const { view } = await send(gateway, mine);
    const id = String(view['id']);
    const secret = toBase64Url(mine.statusSecret);
    const token = await bearer('alice');
    const refused = async (headers: Record<string, string>, query = '') =>
      (await fetch(`${gateway.url}/api/messages/${id}${query}`, { headers })).status;
    for (const path of ['', '/events'])
      expect((await read(gateway, `${id}${path}`, mine.statusSecret, `?status=${secret}`)).status).toBe(400);
    expect(await refused({}, `?status=${secret}`)).toBe(400);
    expect(await refused({ ...token, 'communique-status-secret': secret })).toBe(400);
    for (const text of [secret.slice(1), `${secret}A`, `${secret.slice(0, -1)}B`, `${secret}=`, 'x'])
      expect({ text, status: await refused({ 'communique-status-secret': text }) }).toEqual({ text, status: 401 });
    expect(await twice(gateway.url, id, secret)).toBe(400);
    await read(gateway, id, mine.statusSecret);
    const metrics = await gateway.app.get(Metrics).registry.metrics();
    expect(lines.length).toBeGreaterThan(5);
    for (const text of [...lines, metrics])
      for (const form of [
        secret,
        Buffer.from(mine.statusSecret).toString('hex'),
        Buffer.from(mine.statusSha256).toString('hex'),
      ])
        expect(text).not.toContain(form);
    jest.spyOn(Logger.prototype, 'info').mockRestore();
  });

  it('obeys each mode: off takes no proof, optional takes both, required takes only proofs', async () => {
    const plain = sealedMessage();
    const [off, optional, required] = [
      await start({ RESIDENCE: 'off' }),
      await start({ RESIDENCE: 'optional' }),
      await start(),
    ];
    const token = await bearer('alice');
    const proven = encodeEnvelope(committedProof('ada roads').envelope);
    const codes = async (gateway: GatewayUnderTest) => ({
      provenWithout: (await post(gateway, proven)).code,
      plainWithout: (await post(gateway, encodeSealedMessage(plain))).code,
      plainWith: (await post(gateway, encodeSealedMessage(plain), token)).code,
    });
    expect(await codes(off)).toEqual({
      provenWithout: 'unauthenticated',
      plainWithout: 'unauthenticated',
      plainWith: 'undefined',
    });
    expect((await post(off, proven, token)).code).toBe('residence_not_open');
    expect(await codes(optional)).toEqual({
      provenWithout: 'undefined',
      plainWithout: 'unauthenticated',
      plainWith: 'undefined',
    });
    expect(await codes(required)).toEqual({
      provenWithout: 'undefined',
      plainWithout: 'residence_required',
      plainWith: 'residence_required',
    });
    expect((await fetch(`${required.url}/api/tee/public-key`)).status).toBe(404);
  });

  it('shows a message only to its status secret, even if a copy was posted first with a token', async () => {
    const gateway = await start();
    const mine = committedProof('ada roads');
    const thief = await bearer('mallory');
    const copied = await post(gateway, encodeEnvelope(mine.envelope), thief);
    expect(copied).toMatchObject({ status: 202, view: { status: 'queued' } });
    const id = String(copied.view['id']);
    expect(await send(gateway, mine)).toMatchObject({ status: 202, view: { id } });
    expect(await post(gateway, encodeEnvelope(mine.envelope), await bearer('ada'))).toMatchObject({ status: 202 });
    await database(gateway).message.update({
      where: { id },
      data: { status: 'delivered', endedAt: new Date(), receipt: 'r', attestationDocument: new Uint8Array(1) },
    });
    for (const path of [id, `${id}/events`])
      expect((await fetch(`${gateway.url}/api/messages/${path}`, { headers: thief })).status).toBe(404);
    const again = await post(gateway, encodeEnvelope(mine.envelope), thief);
    expect(again).toMatchObject({ status: 202, view: { status: 'queued', receipt: null, endedAt: null } });
    expect((await read(gateway, id, mine.statusSecret)).text).toContain('"status":"delivered"');
    // The message is paid from the token owner's budget.
    expect(await database(gateway).reservation.count()).toBe(1);
  });

  it('limits proofs by address, except for a retired circuit or a known message', async () => {
    const gateway = await start({ RATE_LIMIT_PROOF_MAX_REQUESTS: '2' });
    const good = committedProof('ada roads');
    const { sealed, residence } = good.envelope;
    const retired = { sealed, residence: { ...residence, verificationKeySha256: new Uint8Array(32) } };
    const forged = {
      sealed,
      residence: { ...residence, proof: residence.proof.with(100, (residence.proof[100] ?? 0) ^ 1) },
    };
    for (let round = 0; round < 4; round++)
      expect(await send(gateway, { envelope: retired })).toMatchObject({ status: 409, code: 'circuit_retired' });
    expect(await send(gateway, { envelope: forged })).toMatchObject({ status: 400, code: 'proof_invalid' });
    expect(await send(gateway, good)).toMatchObject({ status: 202 });
    const refused = await send(gateway, committedProof('ben roads'));
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    for (let round = 0; round < 3; round++) expect(await send(gateway, good)).toMatchObject({ status: 202 });
    expect(await send(gateway, committedProof('ada roads, another message'))).toMatchObject({
      status: 409,
      code: 'already_sent',
    });
  });

  it('accepts a valid message during a flood of invalid proofs from another address', async () => {
    const gateway = await start({ TRUSTED_PROXIES: '127.0.0.1' });
    const good = committedProof('ada roads');
    const { sealed, residence } = committedProof('ben roads').envelope;
    const flood = Array.from({ length: 150 }, async (_, n) => {
      const proof = residence.proof.with(64 + n, (residence.proof[64 + n] ?? 0) ^ 1);
      return post(gateway, encodeEnvelope({ sealed, residence: { ...residence, proof } }), {
        'x-forwarded-for': '192.0.2.1',
      });
    });
    // The verifier serves the sources in turn. A full queue refuses the source with the most waiting proofs, which is the flood.
    const valid = await post(gateway, encodeEnvelope(good.envelope), { 'x-forwarded-for': '198.51.100.7' });
    expect(valid).toMatchObject({ status: 202 });
    const answers = await Promise.all(flood);
    expect(answers.filter(({ code }) => code !== 'proof_invalid' && code !== 'verifier_busy')).toEqual([]);
    for (const { code, retryAfter } of answers)
      if (code === 'verifier_busy') expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(await database(gateway).message.count()).toBe(1);
  }, 60_000);

  it('verifies no proof while too many messages wait, and still answers accepted messages', async () => {
    const gateway = await start();
    const queued = jest.spyOn(gateway.app.get(Admission), 'refusal');
    const mine = committedProof('ada roads');
    expect(await send(gateway, mine)).toMatchObject({ status: 202 });
    const verify = jest.spyOn(gateway.app.get(ProofVerifier), 'verify');
    queued.mockImplementation(() => Promise.resolve(new ProblemError('overloaded', { retryAfterSeconds: 12 })));
    const { sealed, residence } = committedProof('ben roads').envelope;
    const forged = { sealed, residence: { ...residence, proof: residence.proof.with(100, 255) } };
    for (const headers of [{}, await bearer('bob')])
      for (const envelope of [committedProof('ben roads').envelope, forged])
        expect(await post(gateway, encodeEnvelope(envelope), headers)).toMatchObject({
          status: 503,
          code: 'overloaded',
          retryAfter: '12',
        });
    expect(await send(gateway, mine)).toMatchObject({ status: 202, view: { status: 'queued' } });
    expect(await send(gateway, committedProof('ada roads, another message'))).toMatchObject({ code: 'already_sent' });
    expect(verify).not.toHaveBeenCalled();
    queued.mockRestore();
    expect(await send(gateway, committedProof('ben roads'))).toMatchObject({ status: 202 });
  });

  describeWith(redisAvailability({ own: true }), 'while a refusal of the budget is cached', () => {
    it('verifies no proof, and still answers accepted messages', async () => {
      const redis = await startRedis({ own: true });
      const client = new RedisClient(redis.url);
      try {
        const gateway = await start({ REDIS_URL: redis.url });
        const mine = committedProof('ada roads');
        expect(await send(gateway, mine)).toMatchObject({ status: 202 });
        const verify = jest.spyOn(gateway.app.get(ProofVerifier), 'verify');
        const [stop, , systemHour] = cachedRefusalKeys('', new Date());
        const { sealed, residence } = committedProof('ben roads').envelope;
        const forged = { sealed, residence: { ...residence, proof: residence.proof.with(100, 255) } };
        const bob = await bearer('bob');
        for (const [key, code] of [
          [stop, 'emergency_stop'],
          [systemHour, 'system_hourly_limit_reached'],
        ] as const)
          for (const headers of [{}, bob]) {
            // On a busy machine Redis may be too slow, or the refusal may have expired. Then the gateway asks PostgreSQL.
            for (let answer = ''; answer !== code;) {
              verify.mockClear();
              await client.set(key, code, 'PX', REFUSAL_LIFE_MS);
              answer = (await post(gateway, encodeEnvelope(forged), headers)).code;
              expect([code, 'proof_invalid']).toContain(answer);
            }
            expect(verify).not.toHaveBeenCalled();
            await client.set(key, code, 'PX', REFUSAL_LIFE_MS);
            expect(await send(gateway, mine)).toMatchObject({ status: 202, view: { status: 'queued' } });
            expect(await send(gateway, committedProof('ada roads, proven again'))).toMatchObject({ status: 202 });
            await client.set(key, code, 'PX', REFUSAL_LIFE_MS);
            expect(await send(gateway, committedProof('ada roads, another message'))).toMatchObject({
              code: 'already_sent',
            });
            await client.del(key);
          }
        expect(await send(gateway, committedProof('ben roads'))).toMatchObject({ status: 202 });
      } finally {
        client.disconnect();
        await redis.stop();
      }
    });
  });

  it('shows its settings at GET /api/residence', async () => {
    const gateway = await start();
    const response = await fetch(`${gateway.url}/api/residence`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(await response.json()).toEqual({
      mode: 'required',
      registrar: TEST_REGISTRAR.id,
      keys: [TEST_REGISTRAR.verifierKeys[0]],
      files: 'https://registrar.test/tree/',
      verificationKeySha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const off = await start({ RESIDENCE: 'off' });
    expect(await (await fetch(`${off.url}/api/residence`)).json()).toEqual({ mode: 'off' });
  });
});

/** Sends the header twice with node:http, because fetch would join the two headers. */
function twice(url: string, id: string, secret: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest(
      `${url}/api/messages/${id}`,
      { headers: ['communique-status-secret', secret, 'communique-status-secret', secret, 'host', 'x'] as never },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    )
      .on('error', reject)
      .end();
  });
}
