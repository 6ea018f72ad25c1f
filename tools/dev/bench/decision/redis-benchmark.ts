import type { Redis } from '@communique-tee/testing/redis';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs redis-benchmark over this many connections, with one command at a time on each. Returns commands per second. */
export async function redisBenchmark(
  { url, port }: Pick<Redis, 'url' | 'port'>,
  connections: number,
  requests: number,
  command: readonly string[],
): Promise<number> {
  const { stdout } = await promisify(execFile)(
    'redis-benchmark',
    // redis-benchmark takes a password only as an argument. This server has no data and ends with this process
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

/** Reads a line of names ("test","rps",...) and a line of figures. The name of the test may contain commas. */
export function rateOfCsv(csv: string): number {
  const rate = Number(/","([0-9.]+)",(?:"[0-9.]+",?)+\s*$/.exec(csv.trim())?.[1]);
  if (!Number.isFinite(rate) || rate <= 0) throw new Error(`redis-benchmark reported no rate:\n${csv}`);
  return rate;
}
