import { parseCommand } from './arguments';
import { runBuild } from './build/run-build';
import { runCommand } from './run-command';

const [command, ...args] = process.argv.slice(2);
process.exitCode =
  command === 'build'
    ? await runBuild(args)
    : await runCommand(parseCommand(process.argv.slice(2)), {
        out: (text) => void process.stdout.write(text),
        err: (text) => void process.stderr.write(text),
        errIsTerminal: process.stderr.isTTY,
      });
