// A process that reserves and settles as fast as it can until it is killed. chaos and stop-at-once start several.
import 'reflect-metadata';
import { randomInt } from 'node:crypto';
import { RateLimits } from '../../limits/rate-limits';
import { Metrics } from '../../../core/telemetry/metrics';
import { testConfig } from '../../../testing/gateway-under-test';
import { budgetProblem } from '../../budget/budget-refusal';
import { RateLimitMetrics } from '../../limits/rate-limit-metrics';
import { acceptanceParts, noise } from './acceptance-parts';

const LOOPS = 12;
const OWNERS = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(43));

/** IN_BATCHES: every second loop accepts messages in batches, of now. REDIS_URL: before each reservation comes the entrance's decision, with the cached refusals. */
const { DATABASE_URL = '', CAPS = '{}', AROUND = '', IN_BATCHES, REDIS_URL } = process.env;
const config = testConfig({
  ...(REDIS_URL === undefined ? {} : { REDIS_URL }),
  DATABASE_URL,
  AUTH_JWKS_FILE: '/x',
  DATABASE_POOL_SIZE: '14',
  ...(JSON.parse(CAPS) as Record<string, string>),
});
const { acceptance, budget, database, logger, redis, spend } = acceptanceParts(config);
const limits = new RateLimits(config, redis, logger, new RateLimitMetrics(new Metrics(), redis));

/** Within a second of the edge of an hour and a day, on either side. */
const nearTheEdge = () => new Date(new Date(AROUND).getTime() + randomInt(-1000, 1000));

async function spendAndSettle(): Promise<void> {
  const owner = OWNERS[randomInt(OWNERS.length)] ?? '';
  const amountMicroUsd = BigInt(randomInt(1, 60_000));
  const now = nearTheEdge();
  if (REDIS_URL !== undefined) {
    const { cachedRefusal } = await limits.decide(
      { limitClass: 'api', address: '192.0.2.1', owner, spends: true },
      now,
    );
    if (cachedRefusal !== null) throw budgetProblem(cachedRefusal.code, now);
  }
  const messageId = await spend({ owner, amountMicroUsd, now });
  const actualMicroUsd = BigInt(randomInt(0, Number(amountMicroUsd) + 1));
  const settle = () =>
    database.transaction((transaction) =>
      budget.settle(transaction, { messageId, actualMicroUsd, now: nearTheEdge() }),
    );
  // Some are settled by two workers at once, some never: the worker that held them was killed.
  if (randomInt(10) < 8) await Promise.all(randomInt(4) === 0 ? [settle(), settle()] : [settle()]);
}

async function acceptInBatch(): Promise<void> {
  const submission = noise();
  await acceptance.accept(submission, {
    owner: OWNERS[randomInt(OWNERS.length)] ?? '',
    key: submission.messageId,
    explicit: false,
  });
}

async function loop(_: unknown, which: number): Promise<never> {
  const once = IN_BATCHES !== undefined && which % 2 === 1 ? acceptInBatch : spendAndSettle;
  for (;;) {
    await once().catch(() => new Promise((resolve) => setTimeout(resolve, 5)));
  }
}

process.stdout.write('spending\n');
void Promise.all(Array.from({ length: LOOPS }, loop));
