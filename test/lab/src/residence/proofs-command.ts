import { CommandLine } from '@communique-tee/command-line';
import { referenceStringForTests } from '@communique-tee/residence/testing';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_REFERENCE_STRING } from './circuit-command';
import { COMMITTED_PROOFS, makeProofs } from './make-proofs';

const AFTER = `
Proofs are random, so each run writes different ones. Make them again after a change of the circuit, of the statement, of the form of
a sealed message, or of the plan (libs/residence/src/testing/planned-proofs.ts).

Exit code
  0  written
  1  no reference string was found, or a statement could not be proven
  2  an option was not understood: the error names it, and --help lists the options
`;

export function proofsCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- residence-proofs',
    `Makes the proofs that tests use, of made-up people, and writes ${COMMITTED_PROOFS}.`,
  );
  line.program.addHelpText('after', AFTER).action(line.run(run));
  return line;
}

async function run(): Promise<number> {
  const referenceString = referenceStringForTests();
  if (referenceString === undefined) {
    process.stderr.write(NO_REFERENCE_STRING);
    return 1;
  }
  const made = await makeProofs(referenceString, (name) => process.stdout.write(`proven: ${name}\n`));
  const lines = made.map((each) => JSON.stringify(each)).join(',\n');
  writeFileSync(join(workspaceRoot(), COMMITTED_PROOFS), `[\n${lines}\n]\n`);
  process.stdout.write(`written: ${COMMITTED_PROOFS}\n`);
  return 0;
}
