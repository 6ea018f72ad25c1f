import { randomUUID } from 'node:crypto';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { ProblemError } from '../../core/problems/problem-error';
import { testConfig } from '../../testing/gateway-under-test';
import { acceptanceParts } from '../acceptance/testing/acceptance-parts';

const ALICE = 'a'.repeat(43);
const someone = (n: number) => `user-${String(n)}`.padEnd(43, '_');
const NOON = new Date('2027-03-01T12:30:00Z');
const caps = (user: string, hour: string, day: string) => ({
  DEFAULT_USER_DAILY_LIMIT: user,
  SYSTEM_HOURLY_LIMIT: hour,
  EMERGENCY_SHUTDOWN_THRESHOLD: day,
});

describe('the budget', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  /** A separate ledger, used by the given number of processes. */
  async function ledger(environment: Record<string, string>, processes = 1) {
    const url = await postgres.createMigratedDatabase();
    const members = Array.from({ length: processes }, () => {
      const config = testConfig({ DATABASE_URL: url, AUTH_JWKS_FILE: '/x', DATABASE_POOL_SIZE: '20', ...environment });
      return acceptanceParts(config);
    });
    const [first] = members;
    if (first === undefined) throw new Error('no process');
    const reserve = async (amountMicroUsd: bigint, owner = ALICE, now = NOON, member = first): Promise<string> => {
      try {
        return await member.spend({ owner, amountMicroUsd, now });
      } catch (error) {
        // On a busy machine some reservations wait too long for a connection. A client would retry.
        if (error instanceof ProblemError && error.code === 'overloaded')
          return reserve(amountMicroUsd, owner, now, member);
        throw error;
      }
    };
    const settle = (messageId: string, actualMicroUsd: bigint) =>
      first.database.transaction((transaction) =>
        first.budget.settle(transaction, { messageId, actualMicroUsd, now: new Date() }),
      );
    const window = async (scope: 'user_day' | 'system_hour' | 'system_day') => {
      const rows = await first.database.client.budgetWindow.findMany({
        where: { scope },
        orderBy: { startsAt: 'asc' },
      });
      return rows.map(({ reservedMicroUsd, spentMicroUsd }) => [reservedMicroUsd, spentMicroUsd]);
    };
    return {
      ...first,
      members,
      reserve,
      settle,
      window,
      [Symbol.asyncDispose]: async () => {
        await Promise.all(members.map(({ database }) => database.onApplicationShutdown()));
      },
    };
  }

  it('reserves first, and replaces the reservation with the cost only once', async () => {
    await using at = await ledger(caps('1', '1', '1'));
    const message = await at.reserve(40_000n);
    expect(await at.window('user_day')).toEqual([[40_000n, 0n]]);
    expect(
      await Promise.all(
        [at.settle(message, 30_000n), at.settle(message, 10_000n), at.settle(message, 20_000n)].map((settled) =>
          settled.catch(() => 'threw'),
        ),
      ),
    ).toEqual(expect.arrayContaining([true, false, false]));
    const [row] = await at.window('user_day');
    expect(row?.[0]).toBe(0n);
    expect(await at.window('system_hour')).toEqual([row]);
    expect(await at.window('system_day')).toEqual([row]);
    expect(await at.settle(message, 1n)).toBe(false);
    expect(await at.settle(randomUUID(), 1n)).toBe(false);
  });

  it.each<[string, Record<string, string>, string]>([
    ["a user's day", caps('0.1', '10', '10'), 'user_daily_limit_reached'],
    ["the system's hour", caps('10', '0.1', '10'), 'system_hourly_limit_reached'],
    ["the system's day", caps('10', '10', '0.1'), 'system_daily_limit_reached'],
  ])(
    'never exceeds the cap of %s with 200 simultaneous reservations from three processes',
    async (name, environment, code) => {
      await using at = await ledger(environment, 3);
      const ownerOf = (index: number) => (name === "a user's day" ? ALICE : someone(index));
      const results = await Promise.allSettled(
        Array.from({ length: 200 }, (_unused, index) =>
          at.reserve(10_000n, ownerOf(index), NOON, at.members[index % 3]),
        ),
      );
      const refusals = results.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as { code?: string }] : [],
      );
      expect(results.length - refusals.length).toBe(10);
      expect(new Set(refusals.map((reason) => reason.code))).toEqual(new Set([code]));
      for (const scope of ['system_hour', 'system_day'] as const)
        expect(await at.window(scope)).toEqual([[100_000n, 0n]]);
      const users = await at.window('user_day');
      expect(users.reduce((sum, [reserved = 0n]) => sum + reserved, 0n)).toBe(100_000n);
      expect(await at.database.client.reservation.count()).toBe(10);
      expect(await at.database.client.message.count()).toBe(10);
    },
  );

  it.each<[string, Record<string, string>, string]>([
    ["a user's day", caps('0.1', '10', '10'), 'user_daily_limit_reached'],
    ["the system's hour", caps('10', '0.1', '10'), 'system_hourly_limit_reached'],
    ["the system's day", caps('10', '10', '0.1'), 'system_daily_limit_reached'],
  ])(
    'counts a settled cost toward the cap of %s, and frees the rest of the reservation',
    async (name, environment, code) => {
      await using at = await ledger(environment);
      const ownerOf = (index: number) => (name === "a user's day" ? ALICE : someone(index));
      const message = await at.reserve(100_000n, ownerOf(1));
      await at.settle(message, 60_000n);
      await expect(at.reserve(40_000n, ownerOf(2))).resolves.toBeDefined();
      await expect(at.reserve(1n, ownerOf(3))).rejects.toMatchObject({ code });
    },
  );

  it('refuses an amount above a cap even if the window is empty', async () => {
    await using at = await ledger(caps('0.1', '10', '10'));
    await expect(at.reserve(100_001n)).rejects.toMatchObject({ code: 'user_daily_limit_reached' });
    expect(await at.window('user_day')).toEqual([]);
    await expect(at.reserve(-1n)).rejects.toThrow();
    expect(await at.window('system_hour')).toEqual([]);
  });

  it('sets Retry-After to the start of the next UTC hour or day', async () => {
    await using byUser = await ledger(caps('0.1', '10', '10'));
    await expect(byUser.reserve(100_001n)).rejects.toMatchObject({ retryAfterSeconds: 11.5 * 3600 });
    await using byHour = await ledger(caps('10', '0.1', '10'));
    await expect(byHour.reserve(100_001n)).rejects.toMatchObject({ retryAfterSeconds: 1800 });
  });

  it('opens windows at UTC hours and days, and settles a cost in the windows of its reservation', async () => {
    await using at = await ledger(caps('0.1', '0.1', '1'));
    const late = await at.reserve(100_000n, ALICE, new Date('2027-03-01T23:59:59.999Z'));
    await at.reserve(100_000n, ALICE, new Date('2027-03-02T00:00:00Z'));
    await at.settle(late, 70_000n);
    expect(await at.window('user_day')).toEqual([
      [0n, 70_000n],
      [100_000n, 0n],
    ]);
    expect(await at.window('system_hour')).toEqual([
      [0n, 70_000n],
      [100_000n, 0n],
    ]);
  });

  it('counts each user’s day separately', async () => {
    await using at = await ledger(caps('0.1', '10', '10'));
    await at.reserve(100_000n, ALICE);
    await expect(at.reserve(100_000n, 'b'.repeat(43))).resolves.toBeDefined();
  });

  it('stops all spending at the threshold, in every process and after a restart, until an operator clears the stop', async () => {
    await using at = await ledger(caps('10', '10', '0.1'), 2);
    await at.settle(await at.reserve(90_000n), 90_000n);
    const beyond = (n: number) => at.reserve(20_000n, someone(n));
    await expect(Promise.allSettled(Array.from({ length: 10 }, (_, n) => beyond(n)))).resolves.toHaveLength(10);
    expect(await at.database.client.emergencyStop.count()).toBe(1);
    // The stop also refuses a message that would fit, in the other process and on another day
    await expect(at.reserve(1n, ALICE, NOON, at.members[1])).rejects.toMatchObject({
      code: 'emergency_stop',
      retryAfterSeconds: 900,
    });
    await expect(at.reserve(1n, ALICE, new Date('2027-03-05T00:00:00Z'))).rejects.toMatchObject({
      code: 'emergency_stop',
    });
    expect(await at.budget.state(NOON)).toMatchObject({
      stopped: true,
      stoppedSince: expect.any(Date) as Date,
      day: { reservedMicroUsd: 0n, spentMicroUsd: 90_000n, capMicroUsd: 100_000n },
    });

    await at.database.client.emergencyStop.updateMany({
      data: { clearedAt: new Date(), clearedBy: 'op', clearedWhy: 'test' },
    });
    await expect(at.reserve(1n, someone(1))).resolves.toBeDefined();
    await expect(beyond(2)).rejects.toMatchObject({ code: 'emergency_stop' });
    expect(await at.database.client.emergencyStop.count()).toBe(2);
  });

  /** Reserves for this many users until each is refused, and settles nothing. Counts the refusals by code. */
  async function hold(at: { reserve: (amount: bigint, owner: string) => Promise<string> }, tokens: number) {
    const refusals = new Map<string, number>();
    let open = Array.from({ length: tokens }, (_, n) => someone(1000 + n));
    while (open.length > 0) {
      const outcomes = await Promise.all(
        open.map((owner) =>
          at.reserve(40_000n, owner).then(
            () => true,
            ({ code }: { code: string }) => void refusals.set(code, (refusals.get(code) ?? 0) + 1),
          ),
        ),
      );
      open = open.filter((_, n) => outcomes[n] === true);
    }
    return refusals;
  }

  it('keeps room for others and raises no stop when 50 tokens reserve all they can', async () => {
    await using at = await ledger(caps('1', '10', '50')); // a tenth of the defaults; the system's day is 50 times a user's
    expect([...(await hold(at, 50)).keys()]).toEqual(['fair_share_reached']);
    expect(await at.emergencyStop.current()).toBeNull();
    const [[held = 0n] = []] = await at.window('system_hour');
    expect(held).toBeLessThanOrEqual((10_000_000n * 50n) / 59n);
    // Thirty others send their first message within the same hour
    for (let n = 0; n < 30; n++) await expect(at.reserve(40_000n, someone(n))).resolves.toBeDefined();
    expect(await at.emergencyStop.current()).toBeNull();
  });

  it('refuses messages while reservations fill the day’s cap, and raises no stop', async () => {
    await using at = await ledger(caps('1', '10', '0.2'));
    const held = [];
    for (let n = 0; n < 5; n++) held.push(await at.reserve(40_000n, someone(n)));
    await expect(at.reserve(40_000n, ALICE)).rejects.toMatchObject({
      code: 'system_daily_limit_reached',
      retryAfterSeconds: 900,
    });
    expect(await at.emergencyStop.current()).toBeNull();
    await at.settle(held[0] ?? '', 10_000n);
    await expect(at.reserve(30_000n, ALICE)).resolves.toBeDefined();
  });

  it('lets only a user’s first message of the day take more than a ninth of the free money', async () => {
    await using at = await ledger(caps('1', '1', '10'));
    await at.reserve(500_000n); // half of the hour’s cap
    await expect(at.reserve(1n)).rejects.toMatchObject({ code: 'fair_share_reached', retryAfterSeconds: 1800 });
    const bob = someone(1);
    await at.reserve(20_000n, bob);
    await at.reserve(30_000n, bob); // (0.02 + 0.03) * 9 <= 1 - 0.52
    await expect(at.reserve(10_000n, bob)).rejects.toMatchObject({ code: 'fair_share_reached' });
    await expect(at.reserve(1n, ALICE, new Date('2027-03-01T13:30:00Z'))).rejects.toMatchObject({
      code: 'fair_share_reached', // in another hour too: the user's whole day counts
    });
  });

  it('reserves and settles concurrently without a deadlock and with correct sums', async () => {
    await using at = await ledger(caps('100', '100', '100'), 2);
    const open = await Promise.all(Array.from({ length: 60 }, () => at.reserve(10_000n)));
    await Promise.all([
      ...open.map((message) => at.settle(message, 5000n)),
      ...Array.from({ length: 60 }, (_, index) => at.reserve(10_000n, ALICE, NOON, at.members[index % 2])),
    ]);
    expect(await at.window('system_day')).toEqual([[600_000n, 300_000n]]);
  });

  it('counts a user’s messages and agents’ tasks of a day, without released tasks', async () => {
    await using at = await ledger(caps('10', '10', '10'));
    await at.reserve(40_000n);
    const reserveTask = async (owner: string, attempt = 1, requestId = randomUUID()) => {
      const [row] = await at.database.client.$queryRaw<{ outcome: string }[]>`
        SELECT reserve_agent_call(${requestId}::uuid, ${attempt}::int, ${owner}, ${Buffer.alloc(32)}, ${Buffer.alloc(16)}, 'i-1', 'a', 'openai', 'b',
          1000, '1', ${NOON}, ${new Date('2027-03-01T12:00:00Z')}, ${new Date('2027-03-01T00:00:00Z')}, ${NOON},
          10000000, 10000000, 10000000) AS outcome`;
      expect(row?.outcome).toBe('accepted');
      return requestId;
    };
    const end = (requestId: string, state: string, spent: number) => at.database.client.$queryRaw`
      SELECT end_agent_call(${requestId}::uuid, 1, ${state}, ${spent}::bigint, ${NOON}, 'complete', 'a statement', NULL, NULL, NULL)`;
    await end(await reserveTask(ALICE), 'released', 0);
    const settled = await reserveTask(ALICE);
    await end(settled, 'settled', 400);
    await reserveTask(ALICE, 2, settled);
    await reserveTask(someone(1));
    expect(await at.budget.dayOf(ALICE, NOON)).toMatchObject({
      reservedMicroUsd: 41_000n,
      spentMicroUsd: 400n,
      messages: 1,
      tasks: 1,
    });
    expect(await at.budget.dayOf(ALICE, new Date('2027-03-02T12:00:00Z'))).toMatchObject({ messages: 0, tasks: 0 });
  });

  it('records the cost even if it exceeds the reservation', async () => {
    await using at = await ledger(caps('0.1', '1', '1'));
    const message = await at.reserve(100_000n);
    await at.settle(message, 120_000n);
    expect(await at.window('user_day')).toEqual([[0n, 120_000n]]);
    await expect(at.reserve(1n)).rejects.toMatchObject({ code: 'user_daily_limit_reached' });
  });
});
