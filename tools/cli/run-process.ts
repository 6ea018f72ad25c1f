import { createInterface } from 'node:readline/promises';
import { painter } from './output/terminal';
import { runCli, type Edition } from './run-cli';

/** Runs the command with this process's arguments, environment, terminal and signals. */
export async function runProcess(edition: Edition): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      stop.abort();
    });
  /** Only `y` and `yes` mean yes. */
  const confirm = async (question: string): Promise<boolean> => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await terminal.question(`${question} [y/N] `, { signal: stop.signal });
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      terminal.close();
    }
  };
  const context = {
    out: (text: string) => void process.stdout.write(text),
    err: (text: string) => void process.stderr.write(text),
    environment: process.env,
    paint: painter(process.stdout.isTTY, process.env),
    ...(process.stdin.isTTY && process.stderr.isTTY && { confirm }),
    signal: stop.signal,
  };
  const exit = await runCli(process.argv.slice(2), context, edition);
  // An abandoned request would keep the process alive.
  if (stop.signal.aborted) process.exit(exit);
  process.exitCode = exit;
}
