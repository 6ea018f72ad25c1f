import { parseArgs } from 'node:util';

export const HELP = `Kills everything at random while messages are sent, and judges afterwards what Congress and the database hold.

  npm run test:faults [-- options]

  --messages <n>       how many are sent (default 300)
  --minutes <n>        how long the faults last; messages come evenly over that time (default 1.5)
  --seed <n>           of the fault plan and the messages' shapes; printed, so that a run can be had again (default: drawn)
  --gateways <n>       gateway processes on one database (default 1)
  --enclaves <n>       enclaves of one image (default 1)
  --keys <custody>     process: an enclave's keys end with it (default); sealed: a KMS guards them, and no key may be lost
  --clients <n>        that send at the same time (default 16)
  --no-deduplication   Congress takes a DeliveryId again that it took before
  --keep               leaves the folder with logs where it is; so does a violation
  --verbose            every fault as it happens
  --help

The same seed gives the same plan; how the processes' steps fall between the faults is the machine's. Exit code 0: nothing was found.
1: the judge found something, or the system did not come to rest. 2: wrong options. 130: interrupted.
`;

export interface Options {
  readonly messages: number;
  readonly minutes: number;
  readonly seed: number;
  readonly gateways: number;
  readonly enclaves: number;
  readonly keys: 'process' | 'sealed';
  readonly clients: number;
  readonly deduplicates: boolean;
  readonly keep: boolean;
  readonly verbose: boolean;
}

/** @throws Error with what is wrong; null where help is asked for */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '300' },
      minutes: { type: 'string', default: '1.5' },
      seed: { type: 'string' },
      gateways: { type: 'string', default: '1' },
      enclaves: { type: 'string', default: '1' },
      keys: { type: 'string', default: 'process' },
      clients: { type: 'string', default: '16' },
      'no-deduplication': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { keys } = values;
  if (keys !== 'process' && keys !== 'sealed') throw new Error('--keys must be process or sealed');
  return {
    messages: whole('messages', values.messages, 1, 30_000),
    minutes: inRange('minutes', values.minutes, 0.1, 600),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : whole('seed', values.seed, 0, 2 ** 32 - 1),
    gateways: whole('gateways', values.gateways, 1, 8),
    enclaves: whole('enclaves', values.enclaves, 1, 8),
    keys,
    clients: whole('clients', values.clients, 1, 256),
    deduplicates: !values['no-deduplication'],
    keep: values.keep,
    verbose: values.verbose,
  };
}

/** How to have the same run again. */
export function commandOf({
  messages,
  minutes,
  seed,
  gateways,
  enclaves,
  keys,
  clients,
  deduplicates,
}: Options): string {
  return `npm run test:faults -- --messages ${String(messages)} --minutes ${String(minutes)} --seed ${String(seed)} --gateways ${String(gateways)} --enclaves ${String(enclaves)} --keys ${keys} --clients ${String(clients)}${deduplicates ? '' : ' --no-deduplication'}`;
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = inRange(name, text, min, max);
  if (!Number.isInteger(value)) throw new Error(`--${name} must be a whole number`);
  return value;
}

function inRange(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max))
    throw new Error(`--${name} must be a number from ${String(min)} to ${String(max)}`);
  return value;
}
