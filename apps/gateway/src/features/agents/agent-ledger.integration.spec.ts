import { randomBytes, randomUUID } from 'node:crypto';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Database } from '../../core/database/database';
import { testConfig } from '../../testing/gateway-under-test';
import { windowsOf } from '../budget/windows';
import { AgentLedger, type AttemptEnd, type AttemptToReserve } from './agent-ledger';

const ALICE = 'a'.repeat(43);
const BOB = 'b'.repeat(43);
const NOON = new Date('2027-03-01T12:30:00Z');
const minutes = (count: number) => new Date(NOON.getTime() + count * 60_000);
const SETTLED = {
  state: 'settled',
  spentMicroUsd: 400n,
  end: 'complete',
  statement: 'a.b.c',
  usage: { input: 1, cached: 2, cacheWrittenShort: 3, cacheWrittenLong: 4, output: 5, thinking: 6 },
  off: null,
} as const satisfies AttemptEnd;

describe('the ledger of agent calls', () => {
  let postgres: Postgres;
  let database: Database;
  let ledger: AgentLedger;

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    const config = testConfig({ DATABASE_URL: await postgres.createMigratedDatabase(), AUTH_JWKS_FILE: '/x' });
    database = new Database(config);
    ledger = new AgentLedger(database);
  });
  afterEach(() => database.onApplicationShutdown());

  const attempt = (changes: Partial<AttemptToReserve> = {}): AttemptToReserve => {
    const now = changes.now ?? NOON;
    return {
      requestId: randomUUID(),
      attempt: 1,
      owner: ALICE,
      requestSha256: new Uint8Array(32).fill(7),
      keyId: new Uint8Array(randomBytes(16)),
      enclave: 'i-1-enc1',
      modelClass: 'quick',
      provider: 'openai',
      model: 'gpt-6-luna',
      amountMicroUsd: 1000n,
      priceVersion: '2026-11-30.1',
      now,
      ...windowsOf(now),
      deadlineAt: new Date(now.getTime() + 90_000),
      userDayCapMicroUsd: 1_000_000n,
      systemHourCapMicroUsd: 1_000_000n,
      systemDayCapMicroUsd: 1_000_000n,
      ...changes,
    };
  };
  /** Reserved and spent money in the windows of the user's day, the hour and the day. */
  const windows = async () => {
    const rows = await database.client.budgetWindow.findMany({ orderBy: [{ scope: 'asc' }, { startsAt: 'asc' }] });
    return rows.map(({ scope, reservedMicroUsd, spentMicroUsd }) => [scope, reservedMicroUsd, spentMicroUsd]);
  };
  const all = (reserved: bigint, spent: bigint) =>
    ['user_day', 'system_hour', 'system_day'].map((scope) => [scope, reserved, spent]);
  const stop = () => database.client.emergencyStop.create({ data: { reason: 'test' } });

  it('reserves in the three windows, and books the cost of the usage statement', async () => {
    const one = attempt();
    expect(await ledger.reserve(one)).toBe('accepted');
    expect(await windows()).toEqual(all(1000n, 0n));
    expect(await ledger.dispatch(one, NOON)).toBe('dispatched');
    expect(await ledger.end(one, SETTLED, NOON)).toBe('reserved');
    expect(await windows()).toEqual(all(0n, 400n));
    expect(await ledger.find(one)).toMatchObject({
      state: 'settled',
      spentMicroUsd: 400n,
      inputTokens: 1n,
      thinkingTokens: 6n,
    });
    // A second settlement has no effect.
    expect(await ledger.end(one, { ...SETTLED, spentMicroUsd: 1n }, NOON)).toBe('settled');
    expect(await ledger.end(one, { state: 'released' }, NOON)).toBe('settled');
    expect(await windows()).toEqual(all(0n, 400n));
    expect(await ledger.end(attempt(), SETTLED, NOON)).toBeNull();
  });

  it('recognizes the same bytes of the same owner, and refuses all other requests with that id in the same way', async () => {
    const one = attempt();
    await ledger.reserve(one);
    expect(await ledger.reserve(one)).toBe('known');
    expect(await ledger.reserve({ ...one, owner: BOB })).toBe('message_id_taken');
    expect(await ledger.reserve({ ...one, requestSha256: new Uint8Array(32).fill(8) })).toBe('message_id_taken');
    expect(await windows()).toEqual(all(1000n, 0n));
  });

  it('reserves a second attempt only after the first was settled', async () => {
    const one = attempt();
    const two = { ...one, attempt: 2 as const };
    expect(await ledger.reserve(two)).toBe('outcome_unknown');
    await ledger.reserve(one);
    expect(await ledger.reserve(two)).toBe('outcome_unknown');
    await ledger.end(one, SETTLED, NOON);
    expect(await ledger.reserve({ ...two, owner: BOB })).toBe('message_id_taken');
    expect(await ledger.reserve(two)).toBe('accepted');
    expect(await windows()).toEqual(all(1000n, 400n));
  });

  it('allows an owner one task at a time, until its deadline, also across midnight', async () => {
    const late = new Date('2027-03-01T23:59:30Z');
    await ledger.reserve(attempt({ now: late }));
    const next = new Date('2027-03-02T00:00:10Z');
    expect(await ledger.reserve(attempt({ now: next }))).toBe('task_running');
    expect(await ledger.reserve(attempt({ now: next, owner: BOB }))).toBe('accepted');
    expect(await ledger.reserve(attempt({ now: new Date('2027-03-02T00:01:01Z') }))).toBe('accepted');
    const together = await Promise.all(
      Array.from({ length: 8 }, () => ledger.reserve(attempt({ owner: 'c'.repeat(43) }))),
    );
    expect(together.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
    expect(together.filter((outcome) => outcome === 'task_running')).toHaveLength(7);
  });

  it.each([
    ['user_daily_limit_reached', { userDayCapMicroUsd: 999n }],
    ['system_hourly_limit_reached', { systemHourCapMicroUsd: 999n }],
    ['threshold_reached', { systemDayCapMicroUsd: 999n }],
    ['agent_share_reached', { systemHourCapMicroUsd: 19_999n }],
  ])('refuses with %s if a window has no room, and leaves no trace', async (outcome, caps) => {
    expect(await ledger.reserve(attempt(caps))).toBe(outcome);
    expect(await windows()).toEqual([]);
    expect(await database.client.agentReservation.count()).toBe(0);
  });

  it('checks a user’s share before the day’s cap, so that one user cannot cause the emergency stop', async () => {
    const caps = { systemHourCapMicroUsd: 19_999n, systemDayCapMicroUsd: 999n };
    expect(await ledger.reserve(attempt(caps))).toBe('agent_share_reached');
  });

  it('distinguishes a day that is full of reservations from a day whose money is spent', async () => {
    await ledger.reserve(attempt({ owner: BOB }));
    expect(await ledger.reserve(attempt({ systemDayCapMicroUsd: 1999n }))).toBe('system_daily_limit_reached');
    expect(await windows()).toEqual(all(1000n, 0n));
  });

  it('counts overdue reservations toward the owner’s share of 5 % of the hour', async () => {
    const caps = { systemHourCapMicroUsd: 40_000n };
    expect(await ledger.reserve(attempt(caps))).toBe('accepted');
    expect(await ledger.reserve(attempt({ ...caps, now: minutes(2) }))).toBe('accepted');
    expect(await ledger.reserve(attempt({ ...caps, now: minutes(4) }))).toBe('agent_share_reached');
    expect(await ledger.endOverdue(minutes(3), minutes(13))).toBe('released');
    expect(await ledger.reserve(attempt({ ...caps, now: minutes(4) }))).toBe('accepted');
  });

  it('neither reserves nor dispatches after a stop, and releases attempts that were not dispatched', async () => {
    const one = attempt();
    await ledger.reserve(one);
    await stop();
    expect(await ledger.reserve(attempt({ owner: BOB }))).toBe('emergency_stop');
    expect(await ledger.dispatch(one, NOON)).toBe('emergency_stop');
    expect(await ledger.find(one)).toMatchObject({ state: 'released', spentMicroUsd: 0n });
    expect(await windows()).toEqual(all(0n, 0n));
    expect(await ledger.dispatch(one, NOON)).toBe('ended');
    // After the stop was cleared, the same bytes can be reserved again.
    await database.client.emergencyStop.updateMany({ data: { clearedAt: NOON, clearedBy: 'x', clearedWhy: 'y' } });
    expect(await ledger.reserve({ ...one, now: minutes(1) })).toBe('accepted');
    expect(await ledger.dispatch(one, NOON)).toBe('dispatched');
  });

  it('charges an overdue attempt in full, releases an attempt whose bytes never left, and replaces a charge with the cost of a later statement', async () => {
    const relayed = attempt();
    const unsent = attempt({ owner: BOB });
    await ledger.reserve(relayed);
    await ledger.dispatch(relayed, NOON);
    await ledger.reserve(unsent);
    // The deadline is 90 seconds after NOON, and the attempt is not overdue before.
    expect(await ledger.endOverdue(minutes(1), minutes(11))).toBeNull();
    const ended = [await ledger.endOverdue(minutes(2), minutes(12)), await ledger.endOverdue(minutes(2), minutes(12))];
    expect(ended.sort()).toEqual(['charged', 'released']);
    expect(await ledger.endOverdue(minutes(2), minutes(12))).toBeNull();
    expect(await ledger.find(relayed)).toMatchObject({ state: 'charged', spentMicroUsd: 1000n, statement: null });
    expect((await windows()).slice(-2)).toEqual(all(0n, 1000n).slice(-2));
    expect(await ledger.end(relayed, SETTLED, minutes(13))).toBe('charged');
    expect((await windows()).slice(-2)).toEqual(all(0n, 400n).slice(-2));
  });

  it('releases an attempt that was not dispatched by its deadline, unless another gateway has reserved it anew', async () => {
    const one = attempt();
    await ledger.reserve(one);
    await ledger.releaseUnsent(one, minutes(1));
    expect(await ledger.find(one)).toMatchObject({ state: 'reserved' });
    await ledger.releaseUnsent(one, minutes(2));
    expect(await ledger.find(one)).toMatchObject({ state: 'released' });
    // Two gateways read the old row. The second one releases it after the first one has reserved it anew and dispatched it.
    await ledger.reserve({ ...one, now: minutes(2), deadlineAt: minutes(4) });
    await ledger.releaseUnsent(one, minutes(2));
    expect(await ledger.find(one)).toMatchObject({ state: 'reserved' });
    await ledger.dispatch(one, minutes(2));
    await ledger.releaseUnsent(one, minutes(9));
    expect(await ledger.find(one)).toMatchObject({ state: 'reserved' });
    expect(await windows()).toEqual(all(1000n, 0n));
  });

  it('is swept by many gateways at once, which end each row once', async () => {
    const many = Array.from({ length: 30 }, (_, at) => attempt({ owner: `owner-${String(at)}`.padEnd(43, '_') }));
    for (const one of many) {
      await ledger.reserve(one);
      await ledger.dispatch(one, NOON);
    }
    const sweep = async () => {
      let count = 0;
      while ((await ledger.endOverdue(minutes(5), minutes(15))) !== null) count++;
      return count;
    };
    const counts = await Promise.all(Array.from({ length: 6 }, sweep));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(30);
    expect((await windows()).slice(-2)).toEqual(all(0n, 30_000n).slice(-2));
  });

  it('books a cost above the reservation in full, even above a cap, and switches the model off until an operator switches it on again', async () => {
    const caps = { userDayCapMicroUsd: 1000n };
    const one = attempt(caps);
    await ledger.reserve(one);
    const off = { model: one.model, why: 'above_reservation' } as const;
    expect(await ledger.end(one, { ...SETTLED, spentMicroUsd: 2_182_579n, off }, NOON)).toBe('reserved');
    expect(await windows()).toEqual(all(0n, 2_182_579n));
    expect(await ledger.reserve(attempt({ owner: BOB }))).toBe('model_off');
    expect(await ledger.reserve(attempt({ owner: BOB, model: 'gpt-5.6-luna' }))).toBe('system_hourly_limit_reached');
    const later = { now: new Date('2027-03-02T12:30:00Z') };
    await database.client.agentModelOff.updateMany({ data: { clearedAt: NOON, clearedBy: 'x', clearedWhy: 'y' } });
    expect(await ledger.reserve(attempt({ owner: BOB, ...later }))).toBe('accepted');
  });

  it('switches a whole provider off once, whatever the number of statements', async () => {
    const off = { model: '*', why: 'free_tier' } as const;
    const both = [attempt(), attempt({ owner: BOB })];
    for (const one of both) await ledger.reserve(one);
    await Promise.all(
      both.map((one) => ledger.end(one, { ...SETTLED, spentMicroUsd: 0n, end: 'free_tier', off }, NOON)),
    );
    expect(await database.client.agentModelOff.findMany()).toMatchObject([{ provider: 'openai', model: '*' }]);
    expect(await ledger.reserve(attempt({ model: 'another' }))).toBe('model_off');
    expect(await ledger.reserve(attempt({ provider: 'gemini' }))).toBe('accepted');
  });

  it('books a statement for a released attempt whose windows are gone', async () => {
    const one = attempt();
    await ledger.reserve(one);
    await ledger.end(one, { state: 'released' }, NOON);
    await database.client.budgetWindow.deleteMany();
    expect(await ledger.end(one, SETTLED, NOON)).toBe('released');
    expect(await windows()).toEqual(all(0n, 400n));
  });
});
