import { painter } from './output/terminal';
import { runCli } from './run-cli';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stop.abort();
  });
const exit = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  environment: process.env,
  paint: painter(process.stdout.isTTY, process.env),
  signal: stop.signal,
});
// What it waited for may go on for a while.
if (stop.signal.aborted) process.exit(exit);
process.exitCode = exit;
