import { encodeSealedMessage, messageIdToText, type SealedMessage } from '@communique-tee/protocol';
import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { type Redis, redisAvailability, startRedis } from '@communique-tee/testing/redis';
import RedisClient from 'ioredis';
import { ownerOf } from '../auth/token-verifier';
import { Database } from '../../core/database/database';
import { type GatewayUnderTest, startGateway } from '../../testing/gateway-under-test';
import { createIssuer, ISSUER, type Issuer } from '../../testing/issuer';
import { sealedMessage } from '../../testing/sealed';
import { cachedRefusalKeys, REFUSAL_LIFE_MS } from './cached-refusals';

const ALICE = ownerOf(ISSUER, 'alice');
/** Three messages fit: 0.04 is reserved for each. */
const CAP = '0.12';

describeWith(redisAvailability({ own: true }), 'cached refusals of the budget', () => {
  let postgres: Postgres;
  let redis: Redis;
  let client: RedisClient;
  let folder: TemporaryFolder;
  let issuer: Issuer;
  beforeAll(async () => {
    [postgres, redis, folder, issuer] = await Promise.all([
      startPostgres(),
      startRedis({ own: true }),
      temporaryFolder('refusals'),
      createIssuer(),
    ]);
    client = new RedisClient(redis.url, { disconnectTimeout: 100 });
    await issuer.writeKeySet(folder.file('jwks.json'));
  });
  afterAll(async () => {
    client.disconnect();
    await Promise.all([postgres.stop(), redis.stop(), folder.remove()]);
  });
  beforeEach(() => client.flushall());

  async function twoGateways(caps: Record<string, string>) {
    const environment = {
      DATABASE_URL: await postgres.createMigratedDatabase(),
      REDIS_URL: redis.url,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      ...caps,
    };
    const gateways = await Promise.all([startGateway(environment), startGateway(environment)]);
    const [one, two] = gateways;
    const statements = gateways.map(({ app }) => jest.spyOn(app.get(Database), 'statement'));
    const post = async (gateway: GatewayUnderTest, message: SealedMessage, as = 'alice') => {
      const headers = { authorization: `Bearer ${await issuer.token(as)}`, 'content-type': 'application/cbor' };
      const response = await fetch(`${gateway.url}/api/messages`, {
        method: 'POST',
        headers,
        body: new Uint8Array(encodeSealedMessage(message)),
      });
      const { code, id } = (await response.json()) as Record<string, unknown>;
      return { status: response.status, code, id, retryAfter: Number(response.headers.get('retry-after')) };
    };
    const database = one.app.get(Database);
    const usedToday = async () => {
      const [row] = await database.client.budgetWindow.findMany({ where: { scope: 'user_day' } });
      return String((row?.reservedMicroUsd ?? 0n) + (row?.spentMicroUsd ?? 0n));
    };
    const asked = () => statements.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
    return {
      one,
      two,
      post,
      database,
      usedToday,
      asked,
      [Symbol.asyncDispose]: async () => {
        await Promise.all(gateways.map((gateway) => gateway.close()));
      },
    };
  }

  /**
   * Repeats a refused request until the gateway caches the refusal, and returns the cached value. A gateway that finds Redis too slow
   * caches nothing.
   */
  async function written(key: string, refuse: () => Promise<unknown>): Promise<string> {
    for (;;) {
      for (let tries = 0; tries < 50; tries++) {
        const value = await client.get(key);
        if (value !== null) return value;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await refuse();
    }
  }

  /**
   * Caches the refusal before each request, and returns the first answer that needed no PostgreSQL. If every request asks PostgreSQL,
   * the test times out.
   */
  async function withoutPostgres<T>(
    at: { asked: () => number },
    [key, code]: readonly [key: string, code: string],
    post: () => Promise<T>,
  ): Promise<T> {
    for (;;) {
      await client.set(key, code, 'PX', REFUSAL_LIFE_MS);
      const before = at.asked();
      const answer = await post();
      if (at.asked() === before) return answer;
    }
  }

  it.each<[string, Record<string, string>, 0 | 1 | 2, string, number]>([
    ["a user's day", { DEFAULT_USER_DAILY_LIMIT: CAP }, 1, 'user_daily_limit_reached', 429],
    ["a user's messages of the day", { MESSAGES_PER_USER_DAY: '3' }, 1, 'daily_messages_reached', 429],
    ["the system's hour", { SYSTEM_HOURLY_LIMIT: CAP }, 2, 'system_hourly_limit_reached', 503],
    ["the system's day", { EMERGENCY_SHUTDOWN_THRESHOLD: CAP }, 2, 'system_daily_limit_reached', 503],
  ])(
    'let the other process refuse with the same problem, without asking PostgreSQL: the cap of %s',
    async (_, caps, which, code, status) => {
      await using at = await twoGateways(caps);
      // Three users fill a cap of all users; one user fills a user's cap
      const accepted = [0, 1, 2].map((n) => ({
        message: sealedMessage(),
        who: which === 1 ? 'alice' : `user-${String(n)}`,
      }));
      for (const { message, who } of accepted) expect((await at.post(at.one, message, who)).status).toBe(202);
      expect(await client.keys('communique:budget:*')).toEqual([]); // no refusal, so no cache entry
      const before = at.asked();
      const key = cachedRefusalKeys(ALICE, new Date())[which];
      const refused = await at.post(at.one, sealedMessage());
      expect(refused).toMatchObject({ status, code });
      expect(at.asked()).toBe(before + 1);
      expect(await written(key, () => at.post(at.one, sealedMessage()))).toBe(code);
      expect(await client.pttl(key)).toBeLessThanOrEqual(REFUSAL_LIFE_MS);

      const early = await withoutPostgres(at, [key, code], () => at.post(at.two, sealedMessage()));
      expect(early).toMatchObject({ status, code });
      expect(Math.abs(early.retryAfter - refused.retryAfter)).toBeLessThan(60);
      // A repeated POST whose 202 was lost is still answered
      for (const { message, who } of accepted) {
        await client.set(key, code, 'PX', REFUSAL_LIFE_MS);
        expect(await at.post(at.two, message, who)).toMatchObject({
          status: 202,
          id: messageIdToText(message.messageId),
        });
      }
      expect(await at.database.client.message.count()).toBe(3);
      if (which === 1) expect(await at.post(at.two, sealedMessage(), 'bob')).toMatchObject({ status: 202 });
    },
  );

  it('end after two seconds, so that freed money can be spent', async () => {
    await using at = await twoGateways({ DEFAULT_USER_DAILY_LIMIT: CAP });
    for (let n = 0; n < 3; n++) expect((await at.post(at.one, sealedMessage())).status).toBe(202);
    const refuse = () => at.post(at.one, sealedMessage());
    expect((await refuse()).status).toBe(429);
    await written(cachedRefusalKeys(ALICE, new Date())[1], refuse);
    await at.database.client.budgetWindow.updateMany({ where: { scope: 'user_day' }, data: { reservedMicroUsd: 0n } });
    while ((await at.post(at.two, sealedMessage())).status !== 202)
      await new Promise((resolve) => setTimeout(resolve, 100));
  });

  it('are ignored if they are malformed, belong to another window or have no expiry', async () => {
    await using at = await twoGateways({ DEFAULT_USER_DAILY_LIMIT: CAP });
    const [stop, userDay, systemHour] = cachedRefusalKeys(ALICE, new Date());
    const yesterday = cachedRefusalKeys(ALICE, new Date(Date.now() - 86_400_000))[1];
    for (const [key, value, ...life] of [
      [userDay, '0', 'PX', REFUSAL_LIFE_MS],
      [userDay, 'full', 'PX', REFUSAL_LIFE_MS],
      [userDay, 'emergency_stop', 'PX', REFUSAL_LIFE_MS],
      [userDay, '9'.repeat(60), 'PX', REFUSAL_LIFE_MS],
      [yesterday, 'user_daily_limit_reached', 'PX', REFUSAL_LIFE_MS],
      [stop, 'emergency_stop'],
      [systemHour, 'system_hourly_limit_reached'],
      [systemHour, 'system_hourly_limit_reached', 'PX', 3_600_000],
    ] as const) {
      const message = sealedMessage();
      if (life.length === 0) await client.set(key, value);
      else await client.set(key, value, 'PX', life[1]);
      const { status } = await at.post(at.two, message);
      expect([202, 429]).toContain(status);
      await client.del(key);
    }
    // Of eight messages three were accepted: PostgreSQL decided, whatever Redis held
    expect(await at.database.client.message.count()).toBe(3);
    expect(await at.usedToday()).toBe('120000');
  });

  it('make every process refuse during an emergency stop, and end with the stop', async () => {
    await using at = await twoGateways({ EMERGENCY_SHUTDOWN_THRESHOLD: CAP });
    const [stopKey] = cachedRefusalKeys(ALICE, new Date());
    const first = sealedMessage();
    for (const [n, message] of [first, sealedMessage(), sealedMessage()].entries())
      expect((await at.post(at.one, message, n === 0 ? 'alice' : `user-${String(n)}`)).status).toBe(202);
    await at.database.client
      .$executeRaw`UPDATE budget_window SET spent_micro_usd = reserved_micro_usd, reserved_micro_usd = 0`;
    expect(await at.post(at.one, sealedMessage())).toMatchObject({
      status: 503,
      code: 'emergency_stop',
      retryAfter: 900,
    });
    expect(await written(stopKey, () => at.post(at.one, sealedMessage()))).toBe('emergency_stop');
    expect(
      await withoutPostgres(at, [stopKey, 'emergency_stop'], () => at.post(at.two, sealedMessage())),
    ).toMatchObject({ status: 503, code: 'emergency_stop', retryAfter: 900 });
    await client.set(stopKey, 'emergency_stop', 'PX', REFUSAL_LIFE_MS);
    expect(await at.post(at.two, first)).toMatchObject({ status: 202 });
    // PostgreSQL keeps the stop without Redis
    await client.flushall();
    expect(await at.post(at.two, sealedMessage())).toMatchObject({ status: 503, code: 'emergency_stop' });
    await at.database.client.budgetWindow.updateMany({ data: { spentMicroUsd: 0n } });
    await at.database.client.emergencyStop.updateMany({
      data: { clearedAt: new Date(), clearedBy: 'op', clearedWhy: 'test' },
    });
    while ((await at.post(at.two, sealedMessage())).status !== 202)
      await new Promise((resolve) => setTimeout(resolve, 100));
  });

  it('are not needed: PostgreSQL decides while Redis is away', async () => {
    await using at = await twoGateways({ DEFAULT_USER_DAILY_LIMIT: CAP });
    await redis.kill();
    const statuses = [];
    for (let n = 0; n < 6; n++) statuses.push((await at.post(n % 2 === 0 ? at.one : at.two, sealedMessage())).status);
    expect(statuses).toEqual([202, 202, 202, 429, 429, 429]);
    await redis.restart();
  });
});
