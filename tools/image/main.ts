import type { Command } from 'commander';
import { CommandLine, terminal } from '@communique-tee/command-line';
import { addImageCommands } from './commands';

/** npm run image -- <command> builds and examines the measured image and its inputs. It needs neither nitro-cli nor Docker. */

type Describe = (command: Command, line: CommandLine) => void;

/** The code of a command is loaded only if the command is named. */
const BUILDING: readonly (readonly [name: string, summary: string, load: () => Promise<Describe>])[] = [
  [
    'build',
    "build the enclave's image from this checkout",
    async () => (await import('./build/run-build')).describeBuild,
  ],
  ['kernel', "build the enclave's kernel", async () => (await import('./kernel/command')).describeKernel],
  [
    'prebuilt',
    'compare the prebuilt files in the image with what their publishers signed',
    async () => (await import('./prebuilt/command')).describePrebuilt,
  ],
  [
    'reproduce',
    'build the committed image twice and compare every byte',
    async () => (await import('./reproduce')).describeReproduce,
  ],
  [
    'judge',
    "compare images with what AWS's own crate makes from their parts",
    async () => (await import('./judge/command')).describeJudge,
  ],
  [
    'emulator',
    'the emulator that boots an image without AWS: setup, smoke',
    async () => (await import('./emulator/command')).describeEmulator,
  ],
];

const argv = process.argv.slice(2);
const line = new CommandLine(
  'npm run image --',
  'Makes, describes, measures, signs and compares enclave image files (.eif). It needs neither nitro-cli nor Docker.',
);
for (const [name, summary, load] of BUILDING) {
  const command = line.program.command(name).helpGroup('Building:').helpCommand(false).summary(summary);
  if (argv.includes(name)) (await load())(command, line);
}
addImageCommands(line.program, line, { ...terminal, errIsTerminal: process.stderr.isTTY });
process.exitCode = await line.parse(argv);
