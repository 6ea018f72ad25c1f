// A process that reserves and settles as fast as it can until it is killed: for chaos.spec.ts, which starts several of them.
import 'reflect-metadata';
import { randomInt, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { Database } from '../../database/database';
import { Logger } from '../../observability/logger';
import { testConfig } from '../../testing/gateway-under-test';
import { BudgetService } from '../budget.service';
import { EmergencyStop } from '../emergency-stop';

const LOOPS = 12;
const OWNERS = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(43));

const { DATABASE_URL = '', CAPS = '{}', AROUND = '' } = process.env;
const config = testConfig({ DATABASE_URL, AUTH_JWKS_FILE: '/x', DATABASE_POOL_SIZE: '14', ...(JSON.parse(CAPS) as Record<string, string>) });
const database = new Database(config);
const budget = new BudgetService(config, database, new EmergencyStop(database, new Logger({ log: { level: 'silent' } }, pino.destination('/dev/null'))));

/** Within a second of the edge of an hour and a day, on either side. */
const nearTheEdge = () => new Date(new Date(AROUND).getTime() + randomInt(-1000, 1000));

async function spend(): Promise<void> {
  const owner = OWNERS[randomInt(OWNERS.length)] ?? '';
  const messageId = randomUUID();
  const amountMicroUsd = BigInt(randomInt(1, 60_000));
  const now = nearTheEdge();
  await budget.stopOnThreshold(() =>
    database.transaction(async (transaction) => {
      const hash = new Uint8Array(32);
      await transaction.message.create({ data: { id: messageId, owner, sealedSha256: hash, keyId: hash.slice(0, 16), expiresAt: now } });
      await budget.reserve(transaction, { owner, messageId, amountMicroUsd, now });
    }),
  );
  const actualMicroUsd = BigInt(randomInt(0, Number(amountMicroUsd) + 1));
  const settle = () => database.transaction((transaction) => budget.settle(transaction, { messageId, actualMicroUsd, now: nearTheEdge() }));
  // Some are settled by two workers at once, some never: whoever held them was killed
  if (randomInt(10) < 8) await Promise.all(randomInt(4) === 0 ? [settle(), settle()] : [settle()]);
}

async function loop(): Promise<never> {
  for (;;) {
    await spend().catch(() => new Promise((resolve) => setTimeout(resolve, 5)));
  }
}

process.stdout.write('spending\n');
void Promise.all(Array.from({ length: LOOPS }, loop));
