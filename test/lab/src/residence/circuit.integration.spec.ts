import { CIRCUIT, verificationKey } from '@communique-tee/residence/circuit';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARTIFACT, compileCircuit, computeVerificationKey, countGates, type Artifact } from './build-circuit';
import { toFile } from './circuit-command';
import { readReferenceString } from './read-reference-string';

let artifact: Artifact;

beforeAll(async () => {
  jest.spyOn(console, 'log').mockImplementation(() => undefined); // the compiler's own line
  artifact = await compileCircuit();
});

describe('the committed circuit', () => {
  it('is what its source compiles to, byte for byte', () => {
    expect(readFileSync(join(workspaceRoot(), ARTIFACT), 'utf8')).toBe(toFile(artifact));
    expect(CIRCUIT.bytecode).toBe(artifact.bytecode);
  });

  it('names no path of the machine that compiled it', () => {
    expect(toFile(artifact)).not.toMatch(/file_map|debug|\/src\//);
  });

  it('has at most 2,048 gates, so that 4,097 points are enough to prove it', async () => {
    const gates = await countGates(artifact);
    expect(gates).toBeGreaterThan(1024);
    expect(gates).toBeLessThanOrEqual(2048);
  });
});

const string = readReferenceString();
const isAbsent = 'absent' in string;
if (isAbsent) process.stderr.write(`\nSKIPPED: the verification key is not computed: ${string.absent}\n`);

(isAbsent ? describe.skip : describe)('the committed verification key', () => {
  it('is that of the circuit', async () => {
    if (isAbsent) throw new Error(string.absent);
    expect(Buffer.from(await computeVerificationKey(artifact, string))).toEqual(Buffer.from(verificationKey()));
  });
});
