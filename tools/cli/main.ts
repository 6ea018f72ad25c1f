import { createInterface } from 'node:readline/promises';
import { painter } from './output/terminal';
import { runCli } from './run-cli';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stop.abort();
  });
/** Whatever is not `y` or `yes` is no. */
async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: stop.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

const exit = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  environment: process.env,
  paint: painter(process.stdout.isTTY, process.env),
  ...(process.stdin.isTTY && process.stderr.isTTY && { confirm }),
  signal: stop.signal,
});
// What it waited for may go on for a while.
if (stop.signal.aborted) process.exit(exit);
process.exitCode = exit;
