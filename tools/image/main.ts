import { parseCommand } from './arguments';
import { runCommand } from './run-command';

process.exitCode = await runCommand(parseCommand(process.argv.slice(2)), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  errIsTerminal: process.stderr.isTTY,
});
