import { BackendType, Barretenberg } from '@aztec/bb.js';
import { compile_program, createFileManager } from '@noir-lang/noir_wasm';
import { SECOND_GROUP_POINT } from '@communique-tee/residence/testing';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The folder of the Noir package and of the files that are compiled from it. */
export const CIRCUIT_FOLDER = 'libs/residence/circuit';
export const ARTIFACT = `${CIRCUIT_FOLDER}/artifact.json`;
export const KEY = `${CIRCUIT_FOLDER}/verification-key.json`;

/** UltraHonk with zero knowledge and Keccak transcripts, which bb.js calls `evm`. */
export const PROOF_SYSTEM = {
  ipaAccumulation: false,
  oracleHashType: 'keccak',
  disableZk: false,
  optimizedSolidityVerifier: false,
};

/** The compiled circuit, without debug symbols and without `file_map`, which contains absolute paths. */
export interface Artifact {
  noir_version: string;
  abi: unknown;
  /** The compiled program: gzip, in base64. */
  bytecode: string;
}

/** Compiles the circuit with noir_wasm, without nargo and without network. The result has the same bytes in each run and each folder. */
export async function compileCircuit(): Promise<Artifact> {
  const files = createFileManager(join(workspaceRoot(), CIRCUIT_FOLDER));
  const { program } = (await compile_program(files, undefined, ignore, ignore)) as { program: Artifact };
  const { noir_version, abi, bytecode } = program;
  return { noir_version, abi, bytecode };
}

/**
 * Returns the circuit's number of gates, which the proof system rounds up to a power of two. The reference string's 4,097 points are enough
 * for 2,048 gates.
 */
export function countGates(artifact: Artifact): Promise<number> {
  return withBarretenberg(async (barretenberg) => {
    const circuit = { ...circuitOf(artifact), verificationKey: new Uint8Array() };
    const { numGates } = await barretenberg.circuitStats({
      circuit,
      includeGatesPerOpcode: false,
      settings: PROOF_SYSTEM,
    });
    return numGates;
  });
}

/** Returns the circuit's verification key, which depends on the reference string. */
export function computeVerificationKey(artifact: Artifact, referenceString: Uint8Array): Promise<Uint8Array> {
  return withBarretenberg(async (barretenberg) => {
    await loadPoints(barretenberg, referenceString);
    const { bytes } = await barretenberg.circuitComputeVk({ circuit: circuitOf(artifact), settings: PROOF_SYSTEM });
    return bytes;
  });
}

function circuitOf({ bytecode }: Artifact): { name: string; bytecode: Uint8Array } {
  return { name: 'residence', bytecode: gunzipSync(Buffer.from(bytecode, 'base64')) };
}

/** Runs `work` with bb.js, on one thread. bb.js downloads nothing. */
export async function withBarretenberg<T>(work: (barretenberg: Barretenberg) => Promise<T>): Promise<T> {
  const barretenberg = await Barretenberg.new({ backend: BackendType.Wasm, threads: 1, skipSrsInit: true });
  try {
    return await work(barretenberg);
  } finally {
    await barretenberg.destroy();
  }
}

/**
 * Loads the points into bb.js.
 * @param referenceString 4,097 points of the first group, 64 bytes each
 */
export async function loadPoints(barretenberg: Barretenberg, referenceString: Uint8Array): Promise<void> {
  const numPoints = referenceString.length / 64;
  await barretenberg.srsInitSrs({ pointsBuf: referenceString, numPoints, g2Point: SECOND_GROUP_POINT });
}

function ignore(): void {
  // Drops the compiler's own output
}
