import type { Address } from '@communique-tee/vsock';
import { parseArgs } from 'node:util';
import { localAddress, messageOf, wholeNumber, type Problem } from '../command-line';
import type { Parsed } from '../egress/egress-settings';

export interface CollectorSettings {
  readonly listen: Address;
  readonly maxLinesPerSecond: number;
  readonly raw: boolean;
  readonly metrics: Address | undefined;
}

const OPTIONS = {
  listen: { type: 'string' },
  'max-lines-per-second': { type: 'string' },
  metrics: { type: 'string' },
  raw: { type: 'boolean' },
} as const;

/** Returns the settings, or every problem with them. If NODE_ENV is not set, the rules of production apply, as in the gateway. */
export function parseCollectorSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Parsed<CollectorSettings> {
  const problems: string[] = [];
  const problem: Problem = (where, rule) => problems.push(`${where}: ${rule}`);
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS, strict: true }));
  } catch (error) {
    return { ok: false, problems: [messageOf(error)] };
  }
  const listen = localAddress(values.listen ?? 'vsock:9001', '--listen', problem);
  const metrics = values.metrics === undefined ? undefined : localAddress(values.metrics, '--metrics', problem);
  const rate = values['max-lines-per-second'];
  const maxLinesPerSecond =
    rate === undefined ? 200 : wholeNumber(rate, [1, 100_000], '--max-lines-per-second', problem);
  const raw = values.raw === true;
  if (raw && environment['NODE_ENV'] !== 'development' && environment['NODE_ENV'] !== 'test')
    problem(
      '--raw',
      'is refused in production (NODE_ENV is neither development nor test): lines of any content would be shown',
    );
  if (problems.length > 0 || listen === undefined || maxLinesPerSecond === undefined) return { ok: false, problems };
  return { ok: true, settings: { listen, maxLinesPerSecond, raw, metrics } };
}
