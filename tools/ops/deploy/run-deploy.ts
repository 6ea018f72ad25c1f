import { CommandLine, terminal, type Streams } from '@communique-tee/command-line';
import { bootstrap } from './bootstrap/command';
import { deploy } from './command';
import type { Ports } from './ports';

/** Runs the command once. @returns the exit code */
export function runDeploy(argv: readonly string[], ports: () => Ports, streams: Streams = terminal): Promise<number> {
  const line = new CommandLine('npm run deploy --', 'Deploys communique-tee.', streams);
  deploy(line.program, line, ports);
  bootstrap(line.program.command('bootstrap').helpCommand(false), line, ports);
  return line.parse(argv);
}
