import { painter } from './output/terminal';
import { runCli } from './run-cli';

/** The command with this process around it. */
export async function start(argv: readonly string[]): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => {
    stop.abort();
  });
  process.once('SIGTERM', () => {
    stop.abort();
  });
  const exit = await runCli(argv, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    environment: process.env,
    paint: painter(process.stdout.isTTY, process.env),
    signal: stop.signal,
  });
  // What it waited for may go on for a while
  if (stop.signal.aborted) process.exit(exit);
  process.exitCode = exit;
}
