import { CommandLine } from '@communique-tee/command-line';
import { VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import { referenceStringForTests } from '@communique-tee/residence/testing';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARTIFACT, compileCircuit, computeVerificationKey, countGates, KEY } from './build-circuit';

export const NO_REFERENCE_STRING =
  'No reference string was found. Set RESIDENCE_REFERENCE_STRING to a file with its 262,208 bytes (docs/residence.md).\n';

const AFTER = `
noir_wasm compiles libs/residence/circuit, and bb.js computes the verification key, which needs the reference string.

Exit code
  0  the files match the circuit, or were written
  1  a file or VERIFICATION_KEY_SHA256 does not match the circuit, or no reference string was found
  2  an option was not understood: the error names it, and --help lists the options
`;

export function circuitCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- residence-circuit',
    `Builds the circuit of the proof of residence, and compares ${ARTIFACT} and ${KEY} with it.`,
  );
  line.program.option('--write', 'write both files').addHelpText('after', AFTER).action(line.run(run));
  return line;
}

async function run(given: { readonly write?: true }): Promise<number> {
  const referenceString = referenceStringForTests();
  if (referenceString === undefined) {
    process.stderr.write(NO_REFERENCE_STRING);
    return 1;
  }
  const artifact = await compileCircuit();
  const key = await computeVerificationKey(artifact, referenceString);
  const sha256 = createHash('sha256').update(key).digest('hex');
  say(`${await countGates(artifact)} gates, verification key of ${key.length} bytes, SHA-256 ${sha256}`);
  const files = { [ARTIFACT]: toFile(artifact), [KEY]: toFile({ base64: Buffer.from(key).toString('base64') }) };
  const other = Object.entries(files).filter(([path, text]) => read(path) !== text);
  for (const [path, text] of other) {
    if (given.write === true) writeFileSync(join(workspaceRoot(), path), text);
    say(given.write === true ? `written: ${path}` : `does not match the circuit: ${path}`);
  }
  if (sha256 !== VERIFICATION_KEY_SHA256)
    say(`put this SHA-256 into VERIFICATION_KEY_SHA256 of libs/residence/src/circuit-identity.ts, and make new proofs`);
  return given.write === true || (other.length === 0 && sha256 === VERIFICATION_KEY_SHA256) ? 0 : 1;
}

/** Returns the value as JSON on one line, which formatters leave unchanged. */
export function toFile(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function read(path: string): string | null {
  try {
    return readFileSync(join(workspaceRoot(), path), 'utf8');
  } catch {
    return null;
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
