import type { Redis } from '@communique-tee/testing/redis';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Commands per second by redis-benchmark over so many connections, one at a time on each. */
export async function redisBenchmark(
  { url, port }: Pick<Redis, 'url' | 'port'>,
  connections: number,
  requests: number,
  command: readonly string[],
): Promise<number> {
  const { stdout } = await promisify(execFile)(
    'redis-benchmark',
    // It takes a password only as an argument; this server holds nothing and ends with us
    [
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-a',
      decodeURIComponent(new URL(url).password),
      '-c',
      String(connections),
      '-n',
      String(requests),
      '-r',
      '1000000',
      '--csv',
      ...command,
    ],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  return rateOfCsv(stdout);
}

/** "test","rps",... and one line of figures; the name of the test may hold commas. */
export function rateOfCsv(csv: string): number {
  const rate = Number(/","([0-9.]+)",(?:"[0-9.]+",?)+\s*$/.exec(csv.trim())?.[1]);
  if (!Number.isFinite(rate) || rate <= 0) throw new Error(`redis-benchmark said no rate:\n${csv}`);
  return rate;
}
