import { temporaryFolder } from '@communique-tee/testing/harness';
import { HELP, readOptions, type Options } from './options';
import { describeOutcome } from './report/table';
import { isClean } from './report/outcome';
import { run } from './run';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // At the second time whatever is left is ended by its guards
    if (interrupted.signal.aborted) process.exit(130);
    say('interrupted: stopping what was started');
    interrupted.abort();
  });
}

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options | null;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
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
