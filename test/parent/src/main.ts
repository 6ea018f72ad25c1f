import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CommandLine } from '@communique-tee/command-line';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { whyNotHere } from './root/availability';
import { ensureRoot, keptRoot } from './root/root';

interface Options {
  readonly setup?: boolean;
  readonly kept?: boolean;
  readonly report?: string;
  readonly only?: string;
}

const AFTER = `
Debian 12 stands in for Amazon Linux 2023; test/parent/README.md lists every stand-in, and what the tests do not prove. The root
file system is made once (mmdebstrap; 625 MB, half a minute on an idle machine) and kept outside the work tree.

Exit code
  0  every test passed; with --setup or --kept: the root is made. Or a line that begins with NOT RUN says what is missing
  1  a test failed, or the root could not be made; with --kept: the root is not made
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

const line = new CommandLine(
  'npm run test:parent --',
  'Boots the parent instance of each stack in a container, from the stack’s user data, and tests the instance.',
);
line.program
  .argument('[specs...]', 'only the spec files whose path matches one of these')
  .option('--setup', 'make the root file system if it is not kept, and test nothing')
  .option('--kept', 'report whether the root file system is kept, and test nothing')
  .option('--only <name>', 'only tests whose name matches this expression')
  .option('--report <file>', "write jest's report as JSON")
  .addHelpText('after', AFTER)
  .action(line.run(main));
process.exitCode = await line.parse(process.argv.slice(2));

async function main(specs: readonly string[], { setup, kept, report, only }: Options): Promise<number> {
  if (kept === true) return keptRoot() === undefined ? 1 : 0;
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const reason = whyNotHere(say);
  if (reason !== undefined) {
    process.stdout.write(`NOT RUN: no parent was booted: ${reason}\n`);
    return 0;
  }
  try {
    await ensureRoot(say);
  } catch (error) {
    process.stderr.write(`the root could not be made: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  if (setup === true) return 0;
  const root = workspaceRoot();
  return new Promise((done) => {
    spawn(
      process.execPath,
      [
        ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
        join(root, 'node_modules/jest/bin/jest.js'),
        ...['--config', join(root, 'test/parent/jest.booted.config.cjs'), '--runInBand'],
        ...(report === undefined ? [] : ['--json', `--outputFile=${report}`]),
        ...(only === undefined ? [] : ['--testNamePattern', only]),
        ...specs,
      ],
      { cwd: root, stdio: 'inherit' },
    ).on('close', (code) => {
      done(code ?? 1);
    });
  });
}
