import { createHash } from 'node:crypto';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import fc from 'fast-check';
import { testConfig } from '../../testing/gateway-under-test';
import { windowsOf } from '../budget/windows';
import { type AcceptanceTerms, acceptMessages } from './accept-messages';
import { AcceptanceModel, type ModelPost, type ModelReservation, nameOf } from './testing/acceptance-model';
import { acceptanceParts, noise } from './testing/acceptance-parts';

const START = Date.UTC(2030, 0, 1, 22, 30);
const OWNERS = ['a', 'b', 'c'].map((letter) => letter.repeat(43));
const IDS = Array.from({ length: 5 }, (_, at) => `00000000-0000-4000-8000-00000000000${String(at)}`);
/** The last key equals a message id, which is the key of a message without an Idempotency-Key header. */
const KEYS = ['first', 'second', IDS[0] ?? ''];
/** Three sets of caps. In each of them one kind of cap is reached soon: a user's own limits, the hour's cap or the day's. */
const USER = {
  userDayCapMicroUsd: 500_000n,
  userDayMessages: 2,
  systemHourCapMicroUsd: 20_000_000n,
  systemDayCapMicroUsd: 20_000_000n,
};
const HOUR = { ...USER, systemHourCapMicroUsd: 600_000n };
const DAY = { ...USER, systemDayCapMicroUsd: 600_000n };

const post = fc
  .record({ owner: fc.constantFrom(...OWNERS), messageId: fc.constantFrom(...IDS), bytes: fc.nat(1), key: fc.nat(5) })
  .map(({ owner, messageId, bytes, key }): ModelPost => {
    const chosen = KEYS[key];
    const sha256 = createHash('sha256')
      .update(`${messageId} ${String(bytes)}`)
      .digest('hex');
    return { owner, messageId, sha256, key: chosen ?? messageId, explicit: chosen !== undefined };
  });
const amount = fc.oneof(
  fc.bigInt({ min: 0n, max: 550_000n }),
  fc.constantFrom(0n, 50_000n, 100_000n, 250_000n),
  fc.constantFrom(1n, 1000n, 10_000n), // small enough for a fair share after the first message
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('accept' as const),
      posts: fc.array(post, { minLength: 1, maxLength: 6 }),
      amountMicroUsd: amount,
      caps: fc.constantFrom(USER, HOUR, DAY),
      minute: fc.nat(179), // three hours, across midnight
    }),
  },
  // The cost may exceed the reservation. A second settlement of the same message has no effect.
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      messageId: fc.constantFrom(...IDS),
      status: fc.constantFrom('key_retired' as const, 'delivered' as const, 'key_retired' as const),
      actual: fc.oneof(fc.bigInt({ min: 0n, max: 300_000n }), fc.bigInt({ min: 300_000n, max: 600_000n })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear stop' as const) }) },
);

/** Random sequences of batches, endings and cleared stops, on PostgreSQL and on a model of the rules. */
describe('accept_messages and settle', () => {
  let postgres: Postgres;
  let parts: ReturnType<typeof acceptanceParts>;

  beforeAll(async () => {
    postgres = await startPostgres();
    parts = acceptanceParts(
      testConfig({ DATABASE_URL: await postgres.createMigratedDatabase(), AUTH_JWKS_FILE: '/x' }),
    );
  });
  afterAll(async () => {
    await parts.database.onApplicationShutdown();
    await postgres.stop();
  });

  it('decide and store according to the rules, for any sequence', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const { client } = parts.database;
        await client.$executeRaw`TRUNCATE message, idempotency_key, delivery_job, reservation, budget_window, emergency_stop`;
        const model = new AcceptanceModel();
        for (const each of steps) {
          if (each.kind === 'clear stop') {
            model.stopped = false;
            await client.emergencyStop.deleteMany();
          } else if (each.kind === 'end') {
            const { messageId, actual, status } = each;
            expect(await end(messageId, actual, status)).toBe(model.settle(messageId, actual, status));
          } else {
            const posts = each.posts.filter(isFirstOfItsNames);
            const terms: AcceptanceTerms = {
              ...parts.budget.termsAt(new Date(START + each.minute * 60_000)),
              ...each.caps,
              amountMicroUsd: each.amountMicroUsd,
            };
            const before = new Map([...model.messages].map(([id, { acceptedAt }]) => [id, acceptedAt]));
            const expected = model.accept(posts, terms);
            const results = await acceptMessages(parts.database, posts.map(requestOf), terms);
            expect(results.map(({ outcome }) => outcome)).toEqual(expected);
            for (const [at, result] of results.entries()) {
              seen.set(result.outcome, (seen.get(result.outcome) ?? 0) + 1);
              if (result.outcome === 'accepted' || result.outcome === 'resealed')
                expect(result.acceptedAt).toEqual(before.get(posts[at]?.messageId ?? '') ?? terms.now);
            }
            if (expected.includes('threshold_reached')) {
              model.stopped = true;
              await parts.emergencyStop.raise('a test');
            }
          }
        }
        await expectSame(model);
      }),
      { numRuns: 150 },
    );
    // Every outcome occurred.
    expect([...seen.keys()].sort()).toEqual([
      'accepted',
      'daily_messages_reached',
      'duplicate',
      'emergency_stop',
      'fair_share_reached',
      'idempotency_key_reused',
      'message_id_taken',
      'resealed',
      'system_daily_limit_reached',
      'system_hourly_limit_reached',
      'threshold_reached',
      'user_daily_limit_reached',
    ]);
  }, 240_000);

  /** Ends a message as the worker does. */
  async function end(messageId: string, actualMicroUsd: bigint, status: 'delivered' | 'key_retired'): Promise<boolean> {
    return parts.database.transaction(async (transaction) => {
      const { count } = await transaction.deliveryJob.deleteMany({ where: { messageId } });
      if (count === 0) return false;
      await parts.budget.settle(transaction, { messageId, actualMicroUsd, now: new Date() });
      await transaction.message.update({ where: { id: messageId }, data: { status, endedAt: new Date() } });
      return true;
    });
  }

  /** Compares the whole database with the whole model. */
  async function expectSame(model: AcceptanceModel): Promise<void> {
    const { client } = parts.database;
    const messages = await client.message.findMany({ orderBy: { id: 'asc' } });
    expect(
      messages.map(({ id, owner, sealedSha256, acceptedAt, status }) => ({
        id,
        owner,
        sha256: hex(sealedSha256),
        acceptedAt,
        status,
      })),
    ).toEqual([...model.messages].map(([id, message]) => ({ id, ...message })).sort((a, b) => (a.id < b.id ? -1 : 1)));
    const jobs = await client.deliveryJob.findMany({ select: { messageId: true } });
    expect(jobs.map(({ messageId }) => messageId).sort()).toEqual(
      messages.filter(({ status }) => status === 'queued').map(({ id }) => id),
    );
    const keys = await client.idempotencyKey.findMany();
    expect(new Map(keys.map((key) => [nameOf(key), [key.messageId, hex(key.sealedSha256)]]))).toEqual(
      new Map([...model.keys].map(([name, { messageId, sha256 }]) => [name, [messageId, sha256]])),
    );
    const reservations = await client.reservation.findMany();
    expect(
      reservations.map((one) => line(one.messageId, one.owner, one.reservedMicroUsd, one.settledMicroUsd)).sort(),
    ).toEqual(
      model.reservations
        .filter(({ amount }) => amount > 0n)
        .map((one) => line(one.messageId, one.owner, one.amount, one.settled ?? null))
        .sort(),
    );
    const windows = await client.budgetWindow.findMany();
    expect(
      new Map(
        windows.map((row) => [
          line(row.scope, row.subject, row.startsAt.getTime()),
          [row.reservedMicroUsd, row.spentMicroUsd, row.messages],
        ]),
      ),
    ).toEqual(windowsFrom(model.reservations));
  }
});

function windowsFrom(reservations: readonly ModelReservation[]): Map<string, [bigint, bigint, number]> {
  const windows = new Map<string, [bigint, bigint, number]>();
  for (const { owner, at, amount: reserved, settled, isNew } of reservations) {
    const { hour, day } = windowsOf(at);
    const isFree = reserved === 0n;
    if (isFree && !isNew) continue;
    for (const name of [
      line('user_day', owner, day.getTime()),
      ...(isFree ? [] : [line('system_hour', '', hour.getTime()), line('system_day', '', day.getTime())]),
    ]) {
      const [open, spent, messages] = windows.get(name) ?? [0n, 0n, 0];
      windows.set(name, [
        open + (settled === undefined ? reserved : 0n),
        spent + (settled ?? 0n),
        messages + Number(isNew),
      ]);
    }
  }
  return windows;
}

/** Filters a batch as Acceptance does before it calls accept_messages: no id, and no pair of owner and key, occurs twice. */
function isFirstOfItsNames(one: ModelPost, at: number, all: readonly ModelPost[]): boolean {
  return all.findIndex((other) => other.messageId === one.messageId || nameOf(other) === nameOf(one)) === at;
}

function requestOf({ owner, messageId, sha256, key, explicit }: ModelPost) {
  return {
    submission: noise({ messageId, sealedSha256: new Uint8Array(Buffer.from(sha256, 'hex')) }),
    key: { owner, key, explicit },
  };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const line = (...parts: unknown[]) => parts.map(String).join(' ');
