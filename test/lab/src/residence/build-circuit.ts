import { BackendType, Barretenberg } from '@aztec/bb.js';
import { compile_program, createFileManager } from '@noir-lang/noir_wasm';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ReferenceString } from './read-reference-string';

/** The Noir package, and what is made of it. */
export const CIRCUIT_FOLDER = 'libs/residence/circuit';
export const ARTIFACT = `${CIRCUIT_FOLDER}/artifact.json`;
export const KEY = `${CIRCUIT_FOLDER}/verification-key.json`;

/** UltraHonk with zero knowledge and Keccak transcripts: bb.js calls it `evm`. */
const SETTINGS = {
  ipaAccumulation: false,
  oracleHashType: 'keccak',
  disableZk: false,
  optimizedSolidityVerifier: false,
};

/** The artifact without debug symbols and without `file_map`, which holds absolute paths. */
export interface Artifact {
  noir_version: string;
  abi: unknown;
  /** Base64 of gzip. */
  bytecode: string;
}

/** Compiles the circuit with noir_wasm: no nargo, no network. The same bytes each time and in each folder. */
export async function compileCircuit(): Promise<Artifact> {
  const files = createFileManager(join(workspaceRoot(), CIRCUIT_FOLDER));
  const { program } = (await compile_program(files, undefined, ignore, ignore)) as { program: Artifact };
  const { noir_version, abi, bytecode } = program;
  return { noir_version, abi, bytecode };
}

/** Gates of the circuit; it needs a power of two of them, and as many points of the reference string. */
export function countGates(artifact: Artifact): Promise<number> {
  return withBarretenberg(async (barretenberg) => {
    const circuit = { ...circuitOf(artifact), verificationKey: new Uint8Array() };
    const { numGates } = await barretenberg.circuitStats({ circuit, includeGatesPerOpcode: false, settings: SETTINGS });
    return numGates;
  });
}

/** The key commits to the circuit with the points of the reference string. */
export function computeVerificationKey(artifact: Artifact, { g1, g2 }: ReferenceString): Promise<Uint8Array> {
  return withBarretenberg(async (barretenberg) => {
    await barretenberg.srsInitSrs({ pointsBuf: g1, numPoints: g1.length / 64, g2Point: g2 });
    const { bytes } = await barretenberg.circuitComputeVk({ circuit: circuitOf(artifact), settings: SETTINGS });
    return bytes;
  });
}

function circuitOf({ bytecode }: Artifact): { name: string; bytecode: Uint8Array } {
  return { name: 'residence', bytecode: gunzipSync(Buffer.from(bytecode, 'base64')) };
}

/** One thread, and none of bb.js's own downloads. */
async function withBarretenberg<T>(work: (barretenberg: Barretenberg) => Promise<T>): Promise<T> {
  const barretenberg = await Barretenberg.new({ backend: BackendType.Wasm, threads: 1, skipSrsInit: true });
  try {
    return await work(barretenberg);
  } finally {
    await barretenberg.destroy();
  }
}

function ignore(): void {
  // The compiler's own lines
}
