import { workspaceRoot } from '@communique-tee/testing/harness';
import type { Command } from 'commander';
import { terminal, type CommandLine } from '@communique-tee/command-line';
import { preflightOptions, type PreflightOptions } from './arguments';
import type { Check } from './check';
import { CHECKS } from './checks';
import { realPorts, type Ports } from './ports';
import { inOrder } from './report';
import { runPreflight, type Streams } from './run-preflight';

export interface World {
  readonly ports: () => Ports;
  readonly streams: Streams;
  readonly checks: readonly Check[];
  /** Ends the process, and the connections that a time limit left behind. */
  readonly end: (code: number) => void;
}

const thisProcess: World = {
  ports: () => realPorts(workspaceRoot()),
  streams: {
    ...terminal,
    colour: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
    progress: process.stderr.isTTY,
  },
  checks: CHECKS,
  end: (code) => process.stdout.write('', () => process.exit(code)),
};

export function preflight(command: Command, line: CommandLine, world: World = thisProcess): void {
  const { ports, streams, checks, end } = world;
  preflightOptions(command, inOrder(checks))
    .description(
      'Checks everything that can be checked before a stack is made, and before it is opened to the public. Changes nothing, sends nothing to Congress, and prints no key, token or password.',
    )
    .action(
      line.run(async (options: PreflightOptions) => {
        const code = await runPreflight(options, ports(), streams, checks);
        end(code);
        return code;
      }),
    );
}
