import { UsageError } from '@communique-tee/command-line';
import { Option, type Command } from 'commander';

export interface Options {
  readonly messages: number;
  readonly minutes: number;
  readonly seed: number;
  readonly gateways: number;
  readonly enclaves: number;
  readonly keys: 'process' | 'sealed';
  readonly clients: number;
  /** The approximate number of messages with a proof of residence. */
  readonly proven: number;
  readonly deduplicates: boolean;
  /** The file for the trace of the run; null writes none. */
  readonly trace: string | null;
  readonly forgetsDispatch: boolean;
  readonly keep: boolean;
  readonly verbose: boolean;
}

/** The options as commander parses them. */
export interface GivenOptions {
  readonly messages: string;
  readonly minutes: string;
  readonly seed?: string;
  readonly gateways: string;
  readonly enclaves: string;
  readonly keys: 'process' | 'sealed';
  readonly clients: string;
  readonly proven: string;
  /** False with `--no-deduplication`. */
  readonly deduplication: boolean;
  readonly trace?: string;
  readonly forgetDispatch?: boolean;
  readonly keep?: boolean;
  readonly verbose?: boolean;
}

const AFTER = `
The same seed gives the same plan; the order of the processes' steps between the faults depends on the machine.

Exit code
  0    nothing was found
  1    the judge found something, the system did not come to rest, or the run failed
  2    an option was not understood: the error names it, and --help lists the options
  130  interrupted
`;

export function faultOptions(command: Command): Command {
  return command
    .option('--messages <n>', 'how many messages are sent', '300')
    .option('--minutes <n>', 'how long the faults last; the messages are sent in that time', '1.5')
    .option(
      '--seed <n>',
      'the seed of the fault plan and of the messages; the run prints it, so that the same plan can be run again (default: random)',
    )
    .option('--gateways <n>', 'gateway processes on one database', '1')
    .option('--enclaves <n>', 'enclaves of one image', '1')
    .addOption(
      new Option(
        '--keys <custody>',
        "process: an enclave's keys end with its process; sealed: a KMS guards them, and no key may be lost",
      )
        .choices(['process', 'sealed'])
        .default('process'),
    )
    .option('--clients <n>', 'how many clients send at the same time', '16')
    .option(
      '--proven <n>',
      'about how many of the messages carry a proof of residence; each costs a second of CPU time',
      '0',
    )
    .option('--no-deduplication', 'Congress accepts a repeated DeliveryId')
    .option('--trace <file>', 'write every step of every message as JSON lines: ids and kinds, no text')
    .option(
      '--forget-dispatch',
      'build gateways with one guard left out, so that an unanswered attempt clears the dispatch; the trace check must find this',
    )
    .option('--keep', 'keep the folder with the logs; a violation keeps it too')
    .option('--verbose', 'print every fault as it happens')
    .addHelpText('after', AFTER);
}

/** @throws UsageError */
export function readOptions(values: GivenOptions): Options {
  return {
    messages: whole('messages', values.messages, 1, 30_000),
    minutes: inRange('minutes', values.minutes, 0.1, 600),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : whole('seed', values.seed, 0, 2 ** 32 - 1),
    gateways: whole('gateways', values.gateways, 1, 8),
    enclaves: whole('enclaves', values.enclaves, 1, 8),
    keys: values.keys,
    clients: whole('clients', values.clients, 1, 256),
    proven: whole('proven', values.proven, 0, 1000),
    deduplicates: values.deduplication,
    trace: values.trace ?? null,
    forgetsDispatch: values.forgetDispatch === true,
    keep: values.keep === true,
    verbose: values.verbose === true,
  };
}

/** Returns the command that runs the same plan again. */
export function commandOf({
  messages,
  minutes,
  seed,
  gateways,
  enclaves,
  keys,
  clients,
  proven,
  deduplicates,
  forgetsDispatch,
}: Options): string {
  return `npm run test:faults -- --messages ${String(messages)} --minutes ${String(minutes)} --seed ${String(seed)} --gateways ${String(gateways)} --enclaves ${String(enclaves)} --keys ${keys} --clients ${String(clients)}${proven === 0 ? '' : ` --proven ${String(proven)}`}${deduplicates ? '' : ' --no-deduplication'}${forgetsDispatch ? ' --forget-dispatch' : ''}`;
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = inRange(name, text, min, max);
  if (!Number.isInteger(value)) throw new UsageError(`--${name} must be a whole number`);
  return value;
}

function inRange(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max))
    throw new UsageError(`--${name} must be a number from ${String(min)} to ${String(max)}`);
  return value;
}
