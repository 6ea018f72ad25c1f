import { collect, CommandLine, UsageError } from '@communique-tee/command-line';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { LogLines, PART_NAMES, type PartName } from './log-lines';
import { NotReady, runParts, type DevOptions } from './run-parts';

interface Options {
  readonly without?: readonly string[];
  readonly inspect?: readonly string[];
  readonly folder: string;
}

const AFTER = `
  npm run dev
  npm run dev -- --without gateway    the others, for npx nx serve gateway in another terminal

The gateway's environment, and with it the ports, is that of .env, or of .env.example where there is no .env; what is set in
the environment of this command comes first, e.g. PORT=3002 npm run dev.

Exit code
  0  ended by a signal
  1  a part could not be started, and why
  2  not understood: the arguments
`;

const INSPECTOR_PORTS = { gateway: 9229, enclave: 9230 } as const;

const lines = new LogLines((text) => process.stdout.write(text), process.stdout.isTTY);
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      resolve();
    });
});

async function main(given: Options): Promise<number> {
  const options = readOptions(given);
  const starting = runParts(options, lines, process.env);
  let stop: (() => Promise<void>) | undefined;
  try {
    stop = await Promise.race([starting, stopped.then(() => undefined)]);
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n`);
    return 1;
  }
  if (stop === undefined) {
    // Asked to end while it starts: what runs by then ends first
    stop = await starting.catch(() => undefined);
  } else await stopped;
  lines.say('stopping');
  await stop?.();
  return 0;
}

/** NotReady and the errors of starting parts (which have a code) are for a person; anything else is a mistake here. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof NotReady) return error.message;
  if (error.message.startsWith(`${String(Reflect.get(error, 'code'))}: `)) return error.message;
  return 'code' in error ? `${String(error.code)}: ${error.message}` : (error.stack ?? error.message);
}

/** @throws UsageError */
function readOptions({ without = [], inspect = [], folder }: Options): DevOptions {
  const named = <Name extends string>(option: string, known: readonly Name[], words: readonly string[]): Name[] =>
    words.map((word) => {
      const found = known.find((name) => name === word);
      if (found === undefined) throw new UsageError(`${option} takes ${known.join(', ')}, not ${word}`);
      return found;
    });
  return {
    folder: resolve(folder),
    without: new Set<PartName>(named('--without', PART_NAMES, without)),
    inspect: new Map(
      named('--inspect', ['gateway', 'enclave'], inspect).map((part) => [part, INSPECTOR_PORTS[part]] as const),
    ),
  };
}

const line = new CommandLine(
  'npm run dev --',
  'Every part on this machine, in one terminal: PostgreSQL, the Congress simulator, the enclave on a mock NSM, the gateway with its page. Enclave, gateway and page are built and started again when a source changes.',
);
line.program
  .option('--without <part>', `${PART_NAMES.join(', ')}; as often as wanted`, collect)
  .addOption(
    new Option(
      '--inspect [part]',
      "Node's inspector on 127.0.0.1: gateway (the default) on port 9229, enclave on 9230; as often as wanted",
    )
      .argParser(collect)
      .preset('gateway'),
  )
  .option('--folder <folder>', 'where keys, database, logs and configuration are kept', join(workspaceRoot(), '.dev'))
  .addHelpText('after', AFTER)
  .action(line.run(main));
process.exitCode = await line.parse(process.argv.slice(2));
