import { CommandLine } from '@communique-tee/command-line';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { faultOptions, readOptions, type GivenOptions, type Options } from './options';
import { describeOutcome } from './report/table';
import { isClean } from './report/outcome';
import { run } from './run';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // On a second signal, exits at once. The guards of the started processes then end these processes.
    if (interrupted.signal.aborted) process.exit(130);
    say('interrupted: stopping what was started');
    interrupted.abort();
  });
}

const line = new CommandLine(
  'npm run test:faults --',
  'Kills gateways, enclaves, Redis and PostgreSQL at random while messages are sent, and judges afterwards what Congress and the database hold.',
);
faultOptions(line.program).action(line.run((given: GivenOptions) => main(readOptions(given))));
process.exitCode = await line.parse(process.argv.slice(2));

async function main(options: Options): Promise<number> {
  say(`seed ${String(options.seed)}`);
  const folder = await temporaryFolder('faults-');
  let keep = options.keep;
  try {
    const outcome = await run(options, folder.path, interrupted.signal, say);
    const clean = isClean(outcome);
    keep ||= !clean;
    process.stdout.write(describeOutcome(outcome));
    return clean ? 0 : 1;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    keep = true;
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  } finally {
    if (keep) process.stdout.write(`Logs: ${folder.path}/logs\n`);
    else await folder.remove();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
