import { collect, CommandLine, UsageError, writableFolder } from '@communique-tee/command-line';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { once } from 'node:events';
import { join } from 'node:path';
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
  npm run dev -- --without gateway    all parts but the gateway, for npx nx serve gateway in another terminal

The gateway's environment, and so the ports, come from .env, or from .env.example if there is no .env. A variable in
this command's own environment overrides the file, e.g. PORT=3003 npm run dev.

Exit code
  0    ended by a signal
  1    a part could not be started; the error says why
  2    an argument was not understood: the error names it, and --help lists the arguments
  130  ended by a second signal, before every part had ended
`;

const INSPECTOR_PORTS = { gateway: 9229, enclave: 9230 } as const;

const lines = new LogLines((text) => process.stdout.write(text), process.stdout.isTTY);
/** A terminal sends SIGINT to every process, and npm sends it again. A second signal within this time is from the same Ctrl-C. */
const SAME_SIGNAL_MS = 1000;
const EXIT_ON_SECOND_SIGNAL = 130;
const interrupted = new AbortController();
const stopped = once(interrupted.signal, 'abort');
let interruptedAtMs = Infinity;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (!interrupted.signal.aborted) {
      interruptedAtMs = performance.now();
      lines.say('stopping');
      interrupted.abort();
      return;
    }
    // Each part has a guard process, which ends the part when this process has ended
    if (performance.now() > interruptedAtMs + SAME_SIGNAL_MS) process.exit(EXIT_ON_SECOND_SIGNAL);
  });

async function main(given: Options): Promise<number> {
  const options = readOptions(given);
  let stop: () => Promise<void>;
  try {
    stop = await runParts(options, lines, process.env, interrupted.signal);
  } catch (error) {
    // Ctrl-C also ends the programs that start a part, which is no failure
    if (interrupted.signal.aborted) return 0;
    process.stderr.write(`${wordsOf(error)}\n`);
    return 1;
  }
  await stopped;
  await stop();
  return 0;
}

/**
 * Returns the message of a NotReady or of an error with a code, which a part may throw at its start. Any other error is a bug of this
 * program; for it, the stack is returned.
 */
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
    folder: writableFolder('--folder', folder),
    without: new Set<PartName>(named('--without', PART_NAMES, without)),
    inspect: new Map(
      named('--inspect', ['gateway', 'enclave'], inspect).map((part) => [part, INSPECTOR_PORTS[part]] as const),
    ),
  };
}

const line = new CommandLine(
  'npm run dev --',
  'Starts every part on this machine, in one terminal: PostgreSQL, the simulators of Congress and of the model providers, the enclave on a mock NSM, an identity provider, the gateway with its page. Enclave, gateway and page are built and started again when a source changes.',
);
line.program
  .option('--without <part>', `do not start this part: ${PART_NAMES.join(', ')}; may be repeated`, collect)
  .addOption(
    new Option(
      '--inspect [part]',
      "open Node's inspector on 127.0.0.1: gateway (the default) on port 9229, enclave on 9230; may be repeated",
    )
      .argParser(collect)
      .preset('gateway'),
  )
  .option('--folder <folder>', 'where keys, database, logs and configuration are kept', join(workspaceRoot(), '.dev'))
  .addHelpText('after', AFTER)
  .action(line.run(main));
process.exitCode = await line.parse(process.argv.slice(2));
