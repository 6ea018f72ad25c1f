// A process that reserves and settles as fast as it can until it is killed. The specs `chaos` and `stop-at-once` start several.
import 'reflect-metadata';
import { randomInt } from 'node:crypto';
import { RateLimits } from '../../limits/rate-limits';
import { Metrics } from '../../../core/telemetry/metrics';
import { testConfig } from '../../../testing/gateway-under-test';
import { budgetProblem } from '../../budget/budget-refusal';
import { RateLimitMetrics } from '../../limits/rate-limit-metrics';
import { acceptanceParts, noise } from './acceptance-parts';

const LOOPS = 12;
/**
 * Half of the messages are from these few owners, who reach their own caps and fair shares. The other half are from many owners, who use
 * up the rest of the common caps.
 */
const FEW = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(43));
const MANY = 5000;
const anOwner = (): string =>
  (randomInt(2) === 0 ? FEW[randomInt(FEW.length)] : undefined) ?? `owner-${String(randomInt(MANY))}`.padEnd(43, '_');

/**
 * - IN_BATCHES: every second loop accepts messages in batches, at the real time.
 * - TAKES_OVER: the process also settles reservations that killed processes left.
 * - REDIS_URL: RateLimits, with its cached refusals, decides before each reservation that is not in a batch.
 * - CAPS: more variables of the gateway, in JSON.
 * - AROUND: a time at which an hour and a day end.
 */
const { DATABASE_URL = '', CAPS = '{}', AROUND = '', IN_BATCHES, TAKES_OVER, REDIS_URL } = process.env;
const config = testConfig({
  ...(REDIS_URL === undefined ? {} : { REDIS_URL }),
  DATABASE_URL,
  AUTH_JWKS_FILE: '/x',
  DATABASE_POOL_SIZE: '14',
  ...(JSON.parse(CAPS) as Record<string, string>),
});
const { acceptance, budget, database, logger, redis, spend } = acceptanceParts(config);
const limits = new RateLimits(config, redis, logger, new RateLimitMetrics(new Metrics(), redis));

/** Returns a random time within a second of AROUND. */
const nearTheEdge = () => new Date(new Date(AROUND).getTime() + randomInt(-1000, 1000));

async function spendAndSettle(): Promise<void> {
  const owner = anOwner();
  const amountMicroUsd = BigInt(randomInt(1, 60_000));
  const now = nearTheEdge();
  if (REDIS_URL !== undefined) {
    const { cachedRefusal } = await limits.decide(
      { limitClass: 'api', address: '192.0.2.1', owner, spends: 'message' },
      now,
    );
    if (cachedRefusal !== null) throw budgetProblem(cachedRefusal.code, now);
  }
  const messageId = await spend({ owner, amountMicroUsd, now });
  const actualMicroUsd = BigInt(randomInt(0, Number(amountMicroUsd) + 1));
  // Some reservations are settled by two workers at once, and some not at all, as if the worker that held them had been killed.
  if (randomInt(10) < 8)
    await Promise.all(Array.from({ length: randomInt(4) === 0 ? 2 : 1 }, () => settle(messageId, actualMicroUsd)));
}

function settle(messageId: string, actualMicroUsd: bigint): Promise<boolean> {
  return database.transaction((transaction) =>
    budget.settle(transaction, { messageId, actualMicroUsd, now: nearTheEdge() }),
  );
}

/** Settles the whole reservation of an abandoned message, like a worker that takes over an expired lease. */
async function takeOver(): Promise<void> {
  const open = await database.client.reservation.findMany({ where: { state: 'reserved' }, take: 20 });
  const one = open[randomInt(open.length + 1)];
  if (one !== undefined) await settle(String(one.messageId), one.reservedMicroUsd);
}

async function acceptInBatch(): Promise<void> {
  const submission = noise();
  await acceptance.accept(submission, {
    owner: anOwner(),
    key: submission.messageId,
    explicit: false,
  });
}

async function loop(_: unknown, which: number): Promise<never> {
  const once = IN_BATCHES !== undefined && which % 2 === 1 ? acceptInBatch : spendAndSettle;
  for (let turn = 1; ; turn++) {
    await (TAKES_OVER !== undefined && turn % 4 === 0 ? takeOver() : once()).catch(
      () => new Promise((resolve) => setTimeout(resolve, 5)),
    );
  }
}

process.stdout.write('spending\n');
void Promise.all(Array.from({ length: LOOPS }, loop));
