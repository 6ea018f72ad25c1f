/** The compiled circuit, for the prover, and its verification key, for prover and verifier. About 7 KB; runs in browsers and in Node. */
import { fromBase64, toHex } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import type { CompiledCircuit } from '@noir-lang/noir_js';
import artifact from '../circuit/artifact.json';
import key from '../circuit/verification-key.json';
import { VERIFICATION_KEY_BYTES, VERIFICATION_KEY_SHA256 } from './circuit-identity';

/**
 * The input of noir_js and Barretenberg: the ABI, and the bytecode as base64 of gzip, without debug symbols and source paths.
 */
export const CIRCUIT = { ...artifact, debug_symbols: '', file_map: {} } as CompiledCircuit;

/**
 * The verification key, 1,888 bytes.
 * @throws TypeError if its hash is not the pinned one, which is a fault of the build
 */
export function verificationKey(): Uint8Array {
  const bytes = fromBase64(key.base64);
  if (bytes.length !== VERIFICATION_KEY_BYTES || toHex(sha256(bytes)) !== VERIFICATION_KEY_SHA256)
    throw new TypeError('the verification key in the build is not the pinned one');
  return bytes;
}
