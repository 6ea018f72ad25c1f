import { redisAvailability, startRedis } from '@communique-tee/testing/redis';
import { Redis as Client } from 'ioredis';
import * as z from 'zod';
import { beside, bestOf, notMeasured, type Row } from '../measure';
import { isInstalled } from '../process/run-part';
import { runPart } from '../process/run-part';
import { redisBenchmark } from './redis-benchmark';

const CONNECTIONS = 32;
const REQUESTS = 200_000;
const ROUNDS = 2;
const WARM_UP_MS = 1500;
const DURATION_MS = 4000;
const KEYS = [
  'bench:address:__rand_int__',
  'bench:user:__rand_int__',
  'bench:stop',
  'bench:day:__rand_int__',
  'bench:hour',
];
const ARGUMENTS = ['60000', '1000000000', '2000', '2'];
const decidedSchema = z.object({ ratePerSecond: z.number(), sha1: z.string() });

/**
 * Measures the gateway's decision on limits and budget, with 32 decisions at once over the gateway's one Redis connection. Compares it with
 * redis-benchmark over 32 connections, with the same script and with a trivial one.
 */
export async function decisionRows(): Promise<Row[]> {
  const what = 'decision on limits and budget';
  const { available } = redisAvailability({ own: true });
  if (!available) return [notMeasured(what, 'op/s', 'redis-server')];
  const redis = await startRedis({ own: true });
  const client = new Client(redis.url);
  try {
    const decide = async () =>
      decidedSchema.parse(
        await runPart('decision/main.ts', {
          redisUrl: redis.url,
          senders: CONNECTIONS,
          warmUpMs: WARM_UP_MS,
          durationMs: DURATION_MS,
        }),
      );
    // This also loads the script into Redis
    const { sha1 } = await decide();
    const trivial = z.string().parse(await client.script('LOAD', 'return 1'));
    const benchmark = (sha: string) => () =>
      redisBenchmark(redis, CONNECTIONS, REQUESTS, ['evalsha', sha, String(KEYS.length), ...KEYS, ...ARGUMENTS]);
    if (!isInstalled('redis-benchmark')) {
      const [decided] = await bestOf(ROUNDS, [async () => (await decide()).ratePerSecond]);
      return [
        notMeasured('redis-benchmark, EVALSHA of the same script', 'op/s', 'redis-benchmark'),
        { what, value: decided ?? null, unit: 'op/s' },
      ];
    }
    const [decided, same, none] = await bestOf(ROUNDS, [
      async () => (await decide()).ratePerSecond,
      benchmark(sha1),
      benchmark(trivial),
    ]);
    const failed = /cmdstat_evalsha:.*failed_calls=([0-9]+)/.exec(await client.info('commandstats'))?.[1];
    const sameRow: Row = {
      what: 'redis-benchmark -c 32, EVALSHA of the same script',
      value: same ?? null,
      unit: 'op/s',
    };
    const noneRow: Row = { what: "redis-benchmark -c 32, EVALSHA of 'return 1'", value: none ?? null, unit: 'op/s' };
    const row: Row = { what, value: decided ?? null, unit: 'op/s' };
    // The first EVALSHA calls fail, because Redis does not have the script yet
    if (Number(failed) > CONNECTIONS) throw new Error(`${String(failed)} EVALSHA failed`);
    return [sameRow, noneRow, beside(row, sameRow, { atLeast: 0.5 }), beside(row, noneRow)];
  } finally {
    client.disconnect();
    await redis.stop();
  }
}
