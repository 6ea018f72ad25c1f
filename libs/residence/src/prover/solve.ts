// Solves the circuit with Noir's ACVM. Noir's ABI coder would add 0.7 MB and is not needed, because the parameters are a list of numbers.
import { compressWitnessStack, executeProgram } from '@noir-lang/acvm_js/web/acvm_js.js';
import { fromBase64 } from '@communique-tee/protocol';
import { CIRCUIT } from '../circuit';
import type { CircuitInputs } from '../witness';
import { gunzip } from './gunzip';

/**
 * Inputs and result are secret.
 * @returns the solved witness stack, decompressed
 * @throws the ACVM's error if the inputs do not satisfy the circuit. Its text may contain secrets
 */
export async function solve(inputs: CircuitInputs): Promise<Uint8Array> {
  const initial = new Map(flat(inputs).map((value, at) => [at, value]));
  const noOracle = () => Promise.reject(new Error('the circuit calls nothing'));
  return gunzip(compressWitnessStack(await executeProgram(fromBase64(CIRCUIT.bytecode), initial, noOracle)));
}

/** Returns the parameters as one list of numbers: the first witnesses, in order. A boolean is 0 or 1. */
function flat(inputs: CircuitInputs): string[] {
  const values = CIRCUIT.abi.parameters.flatMap(({ name }): readonly (string | boolean)[] =>
    [inputs[name as keyof CircuitInputs]].flat(),
  );
  return values.map((value) => {
    const number = typeof value === 'boolean' ? `0x${(value ? '1' : '0').padStart(64, '0')}` : value;
    // Any other text would crash the worker
    if (!/^0x[0-9a-f]{64}$/.test(number)) throw new TypeError('not a field element');
    return number;
  });
}
