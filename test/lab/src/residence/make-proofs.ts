import { seal } from '@communique-tee/crypto';
import { encodeCongressMessage, encodeSealedMessage, fromBase64, toBase64 } from '@communique-tee/protocol';
import { CIRCUIT, verificationKey } from '@communique-tee/residence/circuit';
import { computePlanned, PLANNED_PROOFS, type StoredProof } from '@communique-tee/residence/testing';
import { Noir } from '@noir-lang/noir_js';
import { gunzipSync } from 'node:zlib';
import { loadPoints, PROOF_SYSTEM, withBarretenberg } from './build-circuit';

export const COMMITTED_PROOFS = 'libs/residence/src/testing/committed-proofs.json';

/**
 * Seals the planned messages and proves the planned statements with the published noir_js and bb.js. The results are the reference for the
 * project's own prover and verifier.
 */
export function makeProofs(referenceString: Uint8Array, onProof: (name: string) => void): Promise<StoredProof[]> {
  return withBarretenberg(async (barretenberg) => {
    await loadPoints(barretenberg, referenceString);
    const solver = new Noir(CIRCUIT);
    const circuit = {
      name: 'residence',
      bytecode: gunzipSync(fromBase64(CIRCUIT.bytecode)),
      verificationKey: verificationKey(),
    };
    const sealedBytes = new Map<string, Uint8Array>();
    const made: StoredProof[] = [];
    for (const planned of PLANNED_PROOFS) {
      const { name, messageName, enclaveKey } = planned;
      const { header, content, witness } = computePlanned(planned);
      const isFirst = !sealedBytes.has(messageName);
      if (isFirst) {
        const plaintext = encodeCongressMessage(content);
        const { message } = seal({ ...header, publicKey: enclaveKey.publicKey, plaintext });
        sealedBytes.set(messageName, encodeSealedMessage(message));
      }
      const bytes = sealedBytes.get(messageName) ?? new Uint8Array();
      const solved = await solver.execute({ ...witness(bytes).inputs });
      const { proof } = await barretenberg.circuitProve({
        circuit,
        witness: gunzipSync(solved.witness),
        settings: PROOF_SYSTEM,
      });
      made.push({ name, ...(isFirst && { sealed: toBase64(bytes) }), proof: toBase64(Buffer.concat(proof)) });
      onProof(name);
    }
    return made;
  });
}
