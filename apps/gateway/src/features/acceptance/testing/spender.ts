// A process that reserves and settles as fast as it can until it is killed: for chaos.spec.ts and stop-at-once.spec.ts, which start several.
import 'reflect-metadata';
import { randomInt, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { Database } from '../../../core/database/database';
import { RateLimits } from '../../limits/rate-limits';
import { SharedRedis } from '../../../core/redis/shared-redis';
import { GroupedAcceptance } from '../acceptance';
import { submissionOf } from '../submission';
import { Logger } from '../../../core/telemetry/logger';
import { testConfig } from '../../../testing/gateway-under-test';
import { sealedMessage } from '../../../testing/sealed';
import { BudgetCopies } from '../../budget/budget-copies';
import { BudgetService } from '../../budget/budget.service';
import { EmergencyStop } from '../../budget/emergency-stop';
import { Metrics } from '../../../core/telemetry/metrics';
import { RateLimitMetrics } from '../../limits/rate-limit-metrics';
import { BudgetMetrics } from '../../budget/budget-metrics';

const LOOPS = 12;
const OWNERS = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(43));

/** IN_GROUPS: every second loop accepts messages in groups, of now. REDIS_URL: the step at the entrance comes before each reservation, with the copies. */
const { DATABASE_URL = '', CAPS = '{}', AROUND = '', IN_GROUPS, REDIS_URL } = process.env;
const config = testConfig({
  ...(REDIS_URL === undefined ? {} : { REDIS_URL }),
  DATABASE_URL,
  AUTH_JWKS_FILE: '/x',
  DATABASE_POOL_SIZE: '14',
  ...(JSON.parse(CAPS) as Record<string, string>),
});
const database = new Database(config);
const logger = new Logger({ log: { level: 'silent' } }, pino.destination('/dev/null'));
const metrics = new Metrics();
const redis = new SharedRedis(config, logger);
const limits = new RateLimits(config, redis, logger, new RateLimitMetrics(metrics, redis));
const budget = new BudgetService(
  config,
  database,
  new EmergencyStop(database, logger),
  new BudgetMetrics(metrics),
  new BudgetCopies(database, redis),
);

/** Within a second of the edge of an hour and a day, on either side. */
const nearTheEdge = () => new Date(new Date(AROUND).getTime() + randomInt(-1000, 1000));

async function spend(): Promise<void> {
  const owner = OWNERS[randomInt(OWNERS.length)] ?? '';
  const messageId = randomUUID();
  const amountMicroUsd = BigInt(randomInt(1, 60_000));
  const now = nearTheEdge();
  if (REDIS_URL !== undefined) {
    const { foreseen } = await limits.decide(
      { limitClass: 'api', address: '192.0.2.1', owner, costMicroUsd: amountMicroUsd },
      now,
    );
    const refusal = budget.foreseen(foreseen, now);
    if (refusal !== null) throw refusal;
  }
  await budget.stopOnThreshold(() =>
    database.transaction(async (transaction) => {
      const hash = new Uint8Array(32);
      await transaction.message.create({
        data: { id: messageId, owner, sealedSha256: hash, keyId: hash.slice(0, 16), expiresAt: now },
      });
      await budget.reserve(transaction, { owner, messageId, amountMicroUsd, now });
    }),
  );
  const actualMicroUsd = BigInt(randomInt(0, Number(amountMicroUsd) + 1));
  const settle = () =>
    database.transaction((transaction) =>
      budget.settle(transaction, { messageId, actualMicroUsd, now: nearTheEdge() }),
    );
  // Some are settled by two workers at once, some never: whoever held them was killed
  if (randomInt(10) < 8) await Promise.all(randomInt(4) === 0 ? [settle(), settle()] : [settle()]);
}

const grouped = new GroupedAcceptance(database, budget);
async function acceptInGroup(): Promise<void> {
  const submission = submissionOf(sealedMessage());
  const accepted = await grouped.accept(submission, {
    owner: OWNERS[randomInt(OWNERS.length)] ?? '',
    key: submission.messageId,
    explicit: false,
  });
  if (accepted === null) throw new Error('not with its group');
}

async function loop(_: unknown, which: number): Promise<never> {
  const once = IN_GROUPS !== undefined && which % 2 === 1 ? acceptInGroup : spend;
  for (;;) {
    await once().catch(() => new Promise((resolve) => setTimeout(resolve, 5)));
  }
}

process.stdout.write('spending\n');
void Promise.all(Array.from({ length: LOOPS }, loop));
