import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encodeSealedMessage,
  LIMITS,
  messageIdToText,
  messageViewSchema,
  type SealedMessage,
  sealedMessageToJson,
} from '@communique-tee/protocol';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { ownerOf } from '../auth/token-verifier';
import { Database } from '../../core/database/database';
import { type GatewayUnderTest, startGateway } from '../../testing/gateway-under-test';
import { createIssuer, ISSUER, type Issuer } from '../../testing/issuer';
import { sealedMessage } from '../../testing/sealed';
import { MessagesService } from './messages.service';
import { submissionOf } from '../acceptance/submission';

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('a message', () => {
  let postgres: Postgres;
  let folder: string;
  let issuer: Issuer;
  let environment: Record<string, string>;
  let gateway: GatewayUnderTest;
  let database: Database;

  beforeAll(async () => {
    postgres = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), 'communique-messages-'));
    issuer = await createIssuer();
    const keySet = join(folder, 'jwks.json');
    await issuer.writeKeySet(keySet);
    const url = await postgres.createMigratedDatabase();
    environment = { DATABASE_URL: url, AUTH_JWKS_FILE: keySet };
    gateway = await startGateway(environment);
    database = gateway.app.get(Database);
  });
  afterAll(async () => {
    await gateway.close();
    await postgres.stop();
    await rm(folder, { recursive: true });
  });

  async function post(
    message: SealedMessage,
    {
      as = 'alice',
      key,
      cbor = false,
      url = gateway.url,
    }: { as?: string; key?: string; cbor?: boolean; url?: string } = {},
  ) {
    const response = await fetch(`${url}/api/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await issuer.token(as)}`,
        'content-type': cbor ? 'application/cbor' : 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: cbor ? new Uint8Array(encodeSealedMessage(message)) : JSON.stringify(sealedMessageToJson(message)),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  }
  /** Posts, and retries as a client would, because on a busy machine some requests wait too long for a connection. */
  async function insist(...args: Parameters<typeof post>): ReturnType<typeof post> {
    const answer = await post(...args);
    return answer.body['code'] === 'overloaded' ? insist(...args) : answer;
  }
  async function get(id: string, as = 'alice', url = gateway.url) {
    const response = await fetch(`${url}/api/messages/${id}`, {
      headers: { authorization: `Bearer ${await issuer.token(as)}` },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
  const idOf = (message: SealedMessage) => messageIdToText(message.messageId);
  const reservationsOf = (message: SealedMessage) =>
    database.client.reservation.count({ where: { messageId: idOf(message) } });
  const jobOf = (message: SealedMessage) =>
    database.client.deliveryJob.findUnique({ where: { messageId: idOf(message) } });

  it('is committed with its job and its reservation before the 202', async () => {
    const message = sealedMessage();
    const { status, headers, body } = await post(message);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/messages/${idOf(message)}`);
    expect(messageViewSchema.parse(body)).toMatchObject({
      id: idOf(message),
      status: 'queued',
      attempts: 0,
      receipt: null,
      reason: null,
    });
    expect(new Uint8Array((await jobOf(message))?.sealed ?? [])).toEqual(new Uint8Array(encodeSealedMessage(message)));
    expect(await reservationsOf(message)).toBe(1);
    expect((await get(idOf(message))).body).toEqual(body);
  });

  it('is the same message in JSON and in CBOR', async () => {
    const message = sealedMessage({
      ciphertext: new Uint8Array(LIMITS.maxPaddedPlaintextBytes + 16),
      nullifier: null,
    });
    expect((await post(message, { cbor: true })).status).toBe(202);
    expect((await post(message)).status).toBe(202);
    expect(await reservationsOf(message)).toBe(1);
  });

  it("is due at once by the database's clock, even if the gateway's clock differs", async () => {
    const message = sealedMessage({ expiresAtSeconds: inSeconds(7200) });
    const ahead = new Date(Date.now() + 3_600_000);
    const view = await gateway.app
      .get(MessagesService)
      .accept(ownerOf(ISSUER, 'alice'), submissionOf(message), undefined, null, ahead);
    const [due] = await database.client.$queryRaw<
      [{ due: boolean }]
    >`SELECT next_attempt_at <= now() AS due FROM delivery_job WHERE message_id = ${idOf(message)}::uuid`;
    expect(due).toEqual({ due: true });
    expect((await get(idOf(message))).body).toEqual(view);
  });

  it('is found only by its owner', async () => {
    const message = sealedMessage();
    await post(message);
    for (const [id, as] of [
      [idOf(message), 'bob'],
      [idOf(sealedMessage()), 'alice'],
      [idOf(message).toUpperCase(), 'alice'],
      ['x', 'alice'],
      ["'%20OR%201=1", 'alice'],
      [`${idOf(message)}%00`, 'alice'],
    ] as const) {
      expect(await get(id, as)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
  });

  it('that is posted a hundred times at once becomes one message with one reservation', async () => {
    const message = sealedMessage();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => insist(message, index % 2 === 0 ? { key: 'one' } : {})),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await reservationsOf(message)).toBe(1);
    expect(await database.client.idempotencyKey.count({ where: { messageId: idOf(message) } })).toBe(2);
  });

  it('with an Idempotency-Key that was used for another message is refused, also among simultaneous requests', async () => {
    const messages = Array.from({ length: 20 }, () => sealedMessage());
    const answers = await Promise.all(messages.map((message) => insist(message, { key: 'contested' })));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(
      answers.filter(({ status, body }) => status === 422 && body['code'] === 'idempotency_key_reused'),
    ).toHaveLength(19);
    const stored = await database.client.message.count({ where: { id: { in: messages.map(idOf) } } });
    expect(stored).toBe(1);
    expect((await post(sealedMessage(), { as: 'bob', key: 'contested' })).status).toBe(202); // keys are separate for each caller
  });

  it('with an id that is in use is refused if its bytes or its user differ', async () => {
    const message = sealedMessage();
    await post(message);
    expect(await post(sealedMessage({ messageId: message.messageId }))).toMatchObject({
      status: 409,
      body: { code: 'message_id_taken' },
    });
    expect(await post(sealedMessage({ messageId: message.messageId }), { key: 'fresh' })).toMatchObject({
      status: 409,
      body: { code: 'message_id_taken' },
    });
    const keyed = sealedMessage();
    await post(keyed, { key: 'kept' });
    expect(await post(sealedMessage({ messageId: keyed.messageId }), { key: 'kept' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await post(message, { as: 'bob' })).toMatchObject({ status: 409, body: { code: 'message_id_taken' } });
    expect(await reservationsOf(message)).toBe(1);
  });

  it.each([
    ['no character', ''],
    ['one space', ' '],
    ['two words', 'a b'],
    ['one umlaut', 'ä'],
    ['129 characters', 'x'.repeat(129)],
  ])('with an Idempotency-Key of %s is refused', async (_, key) => {
    // an empty or blank header is refused too, because it has no visible character
    expect(await post(sealedMessage(), { key: Buffer.from(key).toString('latin1') })).toMatchObject({
      status: 400,
      body: { code: 'idempotency_key_invalid' },
    });
  });

  it.each<[string, number]>([
    ['now', 0],
    ['a second ago', -1],
    ['more than seven days ahead', LIMITS.maxLifetimeSeconds + 10],
    ['in 2106', 0xffff_0000 - inSeconds(0)],
  ])('that expires %s is refused', async (_, seconds) => {
    expect(await post(sealedMessage({ expiresAtSeconds: inSeconds(seconds) }))).toMatchObject({
      status: 422,
      body: { code: 'expiry_out_of_range' },
    });
  });

  it('that has expired since it was accepted is still answered with its status when it is posted again', async () => {
    const message = sealedMessage({ expiresAtSeconds: inSeconds(2) });
    expect((await post(message)).status).toBe(202);
    while (Date.now() / 1000 <= message.expiresAtSeconds) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await post(message)).toMatchObject({ status: 202, body: { id: idOf(message) } });
    expect((await post(message, { as: 'bob' })).status).toBe(422);
  });

  describe('whose key was retired', () => {
    async function retired(key?: string): Promise<SealedMessage> {
      const message = sealedMessage();
      await post(message, key === undefined ? {} : { key });
      await database.transaction(async (transaction) => {
        await transaction.reservation.updateMany({
          where: { messageId: idOf(message) },
          data: { state: 'settled', settledMicroUsd: 0n, settledAt: new Date() },
        });
        await transaction.deliveryJob.delete({ where: { messageId: idOf(message) } });
        await transaction.message.update({
          where: { id: idOf(message) },
          data: { status: 'key_retired', reason: 'key_retired', attempts: 3, endedAt: new Date() },
        });
      });
      return message;
    }
    const again = (message: SealedMessage) => sealedMessage({ messageId: message.messageId });

    it.each([undefined, 'new-key'])(
      'may be sealed again with its id (Idempotency-Key: %s), and is queued again',
      async (key) => {
        const old = await retired();
        const resealed = again(old);
        const unique = key === undefined ? {} : { key: `${key}-${idOf(old)}` };
        const answer = await post(resealed, unique);
        expect(answer).toMatchObject({
          status: 202,
          body: { id: idOf(old), status: 'queued', reason: null, attempts: 0, endedAt: null },
        });
        expect((await get(idOf(old))).body).toEqual(answer.body);
        expect(new Uint8Array((await jobOf(old))?.sealed ?? [])).toEqual(new Uint8Array(encodeSealedMessage(resealed)));
        expect(await reservationsOf(old)).toBe(2);
        // a repeat of the same message costs nothing
        expect((await post(resealed, unique)).status).toBe(202);
        expect(await reservationsOf(old)).toBe(2);
        // now that the message is accepted, other bytes conflict
        expect(await post(again(old))).toMatchObject({ status: 409, body: { code: 'message_id_taken' } });
      },
    );

    it('cannot be posted again under its old Idempotency-Key, which still belongs to the old bytes', async () => {
      const key = `old-${idOf(sealedMessage())}`;
      const old = await retired(key);
      expect(await post(again(old), { key })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
      expect((await post(again(old))).status).toBe(202);
      expect(await post(old, { key })).toMatchObject({ status: 202, body: { status: 'queued' } });
      expect(await post(sealedMessage(), { key })).toMatchObject({
        status: 422,
        body: { code: 'idempotency_key_reused' },
      });
    });

    it('is accepted once when several requests seal it again at once', async () => {
      const old = await retired();
      const posted = await database.transaction(async (transaction) => {
        // Two batches wait for the message's row; the other requests wait for these batches.
        await transaction.$queryRaw`SELECT 1 FROM message WHERE id = ${idOf(old)}::uuid FOR UPDATE`;
        const answers = Array.from({ length: 10 }, () => insist(again(old)));
        const waiting = async () =>
          database.client.$queryRaw<
            [{ count: bigint }]
          >`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
        while ((await waiting())[0].count < 2n) await new Promise((resolve) => setTimeout(resolve, 10));
        return answers;
      });
      const answers = await Promise.all(posted);
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
      expect(await reservationsOf(old)).toBe(2);
    });

    it('cannot be sealed again by another user', async () => {
      const old = await retired();
      expect(await post(again(old), { as: 'bob' })).toMatchObject({ status: 409, body: { code: 'message_id_taken' } });
    });
  });

  it('leaves no rows when the budget refuses it', async () => {
    await using poor = await startGateway({ ...environment, DEFAULT_USER_DAILY_LIMIT: '0.05' });
    const first = sealedMessage();
    const second = sealedMessage();
    expect((await post(first, { as: 'poor', url: poor.url })).status).toBe(202);
    const refusal = await post(second, { as: 'poor', url: poor.url });
    expect(refusal).toMatchObject({ status: 429, body: { code: 'user_daily_limit_reached' } });
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await get(idOf(second), 'poor')).toMatchObject({ status: 404 });
    expect(await database.client.idempotencyKey.count({ where: { key: idOf(second) } })).toBe(0);
    // a repeat of an accepted message costs nothing, so it is not refused
    expect((await post(first, { as: 'poor', url: poor.url })).status).toBe(202);
    const budget = await fetch(`${poor.url}/api/budget`, {
      headers: { authorization: `Bearer ${await issuer.token('poor')}` },
    });
    expect(await budget.json()).toMatchObject({
      cap: '0.05',
      reserved: '0.04',
      spent: '0.00',
      messages: { used: 1, limit: null },
    });
  });

  it('counts towards the messages of its user’s UTC day, unless it is a duplicate or was sealed again', async () => {
    await using few = await startGateway({ ...environment, MESSAGES_PER_USER_DAY: '2' });
    const as = 'writer';
    const [first, second] = [sealedMessage(), sealedMessage()];
    for (const message of [first, first, second]) expect((await post(message, { as, url: few.url })).status).toBe(202);
    const refusal = await post(sealedMessage(), { as, url: few.url });
    expect(refusal).toMatchObject({ status: 429, body: { code: 'daily_messages_reached' } });
    const untilMidnight = 86_400 - ((Date.now() / 1000) % 86_400);
    expect(Math.abs(Number(refusal.headers.get('retry-after')) - untilMidnight)).toBeLessThan(30);
    expect((await post(first, { as, url: few.url })).status).toBe(202);
    expect((await post(sealedMessage(), { as: 'reader', url: few.url })).status).toBe(202);

    await database.client.reservation.updateMany({
      where: { messageId: idOf(first) },
      data: { state: 'settled', settledMicroUsd: 0n, settledAt: new Date() },
    });
    await database.client.message.update({
      where: { id: idOf(first) },
      data: { status: 'key_retired', endedAt: new Date() },
    });
    const again = sealedMessage({ messageId: first.messageId });
    expect(await post(again, { as, url: few.url })).toMatchObject({ status: 202, body: { status: 'queued' } });
    const budget = await fetch(`${few.url}/api/budget`, {
      headers: { authorization: `Bearer ${await issuer.token(as)}` },
    });
    expect(await budget.json()).toMatchObject({ messages: { used: 2, limit: 2 } });
  });

  it('is accepted only within the hour’s cap when 200 are posted at once by many callers through two gateways', async () => {
    const url = await postgres.createMigratedDatabase();
    const capped = { ...environment, DATABASE_URL: url, SYSTEM_HOURLY_LIMIT: '0.40' };
    await using one = await startGateway(capped);
    await using two = await startGateway(capped);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        insist(sealedMessage(), { as: `user-${String(index % 40)}`, url: (index % 2 === 0 ? one : two).url }),
      ),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10);
    expect(
      answers.filter(({ status, body }) => status === 503 && body['code'] === 'system_hourly_limit_reached'),
    ).toHaveLength(190);
    expect(await one.app.get(Database).client.deliveryJob.count()).toBe(10);
  });

  it('survives a restart of the gateway', async () => {
    const message = sealedMessage();
    const other = await startGateway(environment);
    await post(message, { url: other.url });
    await other.close();
    await using next = await startGateway(environment);
    expect(await get(idOf(message), 'alice', next.url)).toMatchObject({ status: 200, body: { status: 'queued' } });
    expect((await post(message, { url: next.url })).status).toBe(202);
    expect(await reservationsOf(message)).toBe(1);
  });

  it('is refused with 503 while the database is away, and accepted once it is back', async () => {
    await using own = await startPostgres({ own: true });
    const url = await own.createMigratedDatabase();
    await using lonely = await startGateway({ ...environment, DATABASE_URL: url });
    const [before, during] = [sealedMessage(), sealedMessage()];
    expect((await post(before, { url: lonely.url })).status).toBe(202);
    await own.kill();
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(during, { url: lonely.url })));
    for (const { status, headers, body } of answers) {
      expect({ status, code: body['code'], retryAfter: headers.get('retry-after') }).toEqual({
        status: 503,
        code: 'database_unavailable',
        retryAfter: '5',
      });
    }
    expect(await get(idOf(before), 'alice', lonely.url)).toMatchObject({
      status: 503,
      body: { code: 'database_unavailable' },
    });
    await own.restart();
    expect(await get(idOf(before), 'alice', lonely.url)).toMatchObject({ status: 200, body: { status: 'queued' } });
    expect((await post(during, { url: lonely.url })).status).toBe(202);
  });
});
