import { randomUUID } from 'node:crypto';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import fc from 'fast-check';
import { pino } from 'pino';
import { Database } from '../../core/database/database';
import { Logger } from '../../core/telemetry/logger';
import { testConfig } from '../../testing/gateway-under-test';
import { BudgetService } from '../budget/budget.service';
import { EmergencyStop } from '../budget/emergency-stop';
import { windowsOf } from '../budget/windows';
import { Metrics } from '../../core/telemetry/metrics';
import { BudgetMetrics } from '../budget/budget-metrics';

const DAY_MS = 86_400_000;
const OWNERS = ['a', 'b', 'c'].map((letter) => letter.repeat(43));
const CAPS = { user: 500_000n, hour: 900_000n, day: 1_000_000n };
const dollars = (microUsd: bigint) => (Number(microUsd) / 1e6).toFixed(6);

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reserve' as const),
      owner: fc.nat(2),
      amount: fc.oneof(fc.bigInt({ min: 0n, max: 550_000n }), fc.constantFrom(100_000n, 250_000n, 400_000n, 500_000n)),
      minute: fc.nat(119),
    }),
  },
  // What it came to may be more than was promised; a second settlement of the same is none
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      which: fc.nat(50),
      actual: fc.bigInt({ min: 0n, max: 600_000n }),
    }),
  },
);

interface Reservation {
  owner: string;
  messageId: string;
  amount: bigint;
  at: Date;
  settled: bigint | undefined;
}

/** Random sequences against a model of the rules; each in a UTC day of its own, so that one database serves all. */
describe('reserve and settle, by any sequence of amounts', () => {
  let postgres: Postgres;
  let database: Database;
  let budget: BudgetService;
  let stop: EmergencyStop;

  beforeAll(async () => {
    postgres = await startPostgres();
    const url = await postgres.createMigratedDatabase();
    const config = testConfig({
      DATABASE_URL: url,
      AUTH_JWKS_FILE: '/x',
      DEFAULT_USER_DAILY_LIMIT: dollars(CAPS.user),
      SYSTEM_HOURLY_LIMIT: dollars(CAPS.hour),
      EMERGENCY_SHUTDOWN_THRESHOLD: dollars(CAPS.day),
    });
    database = new Database(config);
    stop = new EmergencyStop(database, new Logger({ log: { level: 'silent' } }, pino.destination('/dev/null')));
    budget = new BudgetService(config, database, stop, new BudgetMetrics(new Metrics()));
  });
  afterAll(async () => {
    await database.onApplicationShutdown();
    await postgres.stop();
  });

  it('accept exactly what fits into user, hour and day, and the windows are the ledger’s sums', async () => {
    let days = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await database.client.emergencyStop.deleteMany();
        const start = Date.UTC(2030, 0, 1) + days++ * DAY_MS;
        const made: Reservation[] = [];
        let stopped = false;
        for (const each of steps) {
          if (each.kind === 'settle') {
            const one = made[each.which % Math.max(1, made.length)];
            if (one === undefined) continue;
            const did = await database.transaction((transaction) =>
              budget.settle(transaction, { messageId: one.messageId, actualMicroUsd: each.actual, now: new Date() }),
            );
            expect(did).toBe(one.settled === undefined);
            one.settled ??= each.actual;
            continue;
          }
          const [owner, at] = [OWNERS[each.owner] ?? '', new Date(start + each.minute * 60_000)];
          const expected = stopped ? 'emergency_stop' : refusalOf(made, owner, at, each.amount);
          const messageId = randomUUID();
          const outcome = await budget
            .stopOnThreshold(() =>
              database.transaction((transaction) =>
                budget.reserve(transaction, { owner, messageId, amountMicroUsd: each.amount, now: at }),
              ),
            )
            .then(
              () => undefined,
              (error: unknown) => (error as { code: string }).code,
            );
          expect(outcome).toBe(expected);
          if (outcome === undefined) made.push({ owner, messageId, amount: each.amount, at, settled: undefined });
          stopped ||= outcome === 'emergency_stop';
        }
        await expectWindows(made, start);
      }),
      { numRuns: 120 },
    );
  }, 240_000);

  async function expectWindows(made: readonly Reservation[], start: number): Promise<void> {
    const rows = await database.client.budgetWindow.findMany({
      where: { startsAt: { gte: new Date(start), lt: new Date(start + DAY_MS) } },
    });
    for (const { scope, subject, startsAt, reservedMicroUsd, spentMicroUsd } of rows) {
      const counted = made.filter(
        ({ owner, at }) =>
          (scope === 'system_hour' ? windowsOf(at).hour : windowsOf(at).day).getTime() === startsAt.getTime() &&
          (scope !== 'user_day' || owner === subject),
      );
      expect(reservedMicroUsd).toBe(sum(counted, ({ amount, settled }) => (settled === undefined ? amount : 0n)));
      expect(spentMicroUsd).toBe(sum(counted, ({ settled }) => settled ?? 0n));
    }
  }
});

/** The rules, from README.md alone: in this order. */
function refusalOf(made: readonly Reservation[], owner: string, at: Date, amount: bigint): string | undefined {
  const used = (counts: (one: Reservation) => boolean) =>
    sum(made.filter(counts), ({ amount: promised, settled }) => settled ?? promised);
  if (used((one) => one.owner === owner) + amount > CAPS.user) return 'user_daily_limit_reached';
  if (used((one) => windowsOf(one.at).hour.getTime() === windowsOf(at).hour.getTime()) + amount > CAPS.hour)
    return 'system_hourly_limit_reached';
  return used(() => true) + amount > CAPS.day ? 'emergency_stop' : undefined;
}

function sum(made: readonly Reservation[], of: (one: Reservation) => bigint): bigint {
  return made.reduce((total, one) => total + of(one), 0n);
}
