import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { GatewayConfig } from '@communique-tee/gateway/core/config/gateway-config';
import { DECISION_SCRIPT } from '@communique-tee/gateway/core/redis/decision-script';
import { RateLimits } from '@communique-tee/gateway/features/limits/rate-limits';
import { SharedRedis } from '@communique-tee/gateway/core/redis/shared-redis';
import { Logger } from '@communique-tee/gateway/core/telemetry/logger';
import { Metrics } from '@communique-tee/gateway/core/telemetry/metrics';
import { RateLimitMetrics } from '@communique-tee/gateway/features/limits/rate-limit-metrics';
import { jsonArgument } from '../process/json-argument';
import { runClosedLoop } from '../load/closed-loop';

// This process decides on limits and budget: node tools/run.mjs tools/dev/bench/decision/main.ts <job.json>. It prints one line of JSON.
const { redisUrl, senders, warmUpMs, durationMs } = z
  .object({ redisUrl: z.string(), senders: z.int(), warmUpMs: z.number(), durationMs: z.number() })
  .parse(await jsonArgument('job.json', 'Decides about limits and budget; started by npm run bench.'));

const NEVER_REACHED = 1_000_000_000;
const USERS = 64;
const config: Pick<GatewayConfig, 'log' | 'redis' | 'rateLimits' | 'budget'> = {
  log: { level: 'error' },
  redis: { url: redisUrl },
  rateLimits: {
    windowMs: 60_000,
    maxRequests: NEVER_REACHED,
    attestationMaxRequests: NEVER_REACHED,
    otherMaxRequests: NEVER_REACHED,
    proofMaxRequests: NEVER_REACHED,
  },
  budget: {
    userDayCapMicroUsd: 10n ** 15n,
    userDayMessages: 0,
    systemHourCapMicroUsd: 10n ** 15n,
    systemDayCapMicroUsd: 10n ** 15n,
    deliveryPriceMicroUsd: 10_000n,
  },
};
const logger = new Logger(config, { write: (line) => process.stderr.write(line) });
const redis = new SharedRedis(config, logger);
await redis.onModuleInit();
const limits = new RateLimits(config, redis, logger, new RateLimitMetrics(new Metrics(), redis));
const owners = Array.from({ length: USERS }, (_, user) =>
  createHash('sha256').update(String(user)).digest('base64url'),
);
let next = 0;
const { ratePerSecond } = await runClosedLoop({ senders, warmUpMs, durationMs }, async () => {
  // On a busy machine the limiter may stop using Redis for a moment. Decisions without Redis must not be measured
  while (!redis.usable) await sleep(5);
  const at = next++ % USERS;
  const { states } = await limits.decide({
    limitClass: 'api',
    address: `192.0.2.${String(at)}`,
    owner: owners[at],
    spends: 'message',
  });
  if (states.length !== 2) throw new Error('not decided');
});
redis.onApplicationShutdown();
process.stdout.write(
  `${JSON.stringify({ ratePerSecond, sha1: createHash('sha1').update(DECISION_SCRIPT).digest('hex') })}\n`,
);
