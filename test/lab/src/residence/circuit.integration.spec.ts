import { CIRCUIT, verificationKey } from '@communique-tee/residence/circuit';
import { describeProving } from '@communique-tee/residence/testing';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARTIFACT, compileCircuit, computeVerificationKey, countGates, type Artifact } from './build-circuit';
import { toFile } from './circuit-command';

let artifact: Artifact;

beforeAll(async () => {
  jest.spyOn(console, 'log').mockImplementation(() => undefined); // hides the line that the compiler prints
  artifact = await compileCircuit();
});

describe('the committed circuit', () => {
  it('equals the compiled source, byte for byte', () => {
    expect(readFileSync(join(workspaceRoot(), ARTIFACT), 'utf8')).toBe(toFile(artifact));
    expect(CIRCUIT.bytecode).toBe(artifact.bytecode);
  });

  it('contains no path of the machine that compiled it', () => {
    expect(toFile(artifact)).not.toMatch(/file_map|debug|\/src\//);
  });

  it('has at most 2,048 gates, so that 4,097 points are enough to prove it', async () => {
    const gates = await countGates(artifact);
    expect(gates).toBeGreaterThan(1024);
    expect(gates).toBeLessThanOrEqual(2048);
  });
});

describeProving('the committed verification key', (referenceString) => {
  it('equals the key that is computed from the circuit', async () => {
    expect(Buffer.from(await computeVerificationKey(artifact, referenceString))).toEqual(
      Buffer.from(verificationKey()),
    );
  });
});
