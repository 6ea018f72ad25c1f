// The program of a verifier's worker thread, which checks one proof after the other. The build bundles it with its imports.
import { parentPort, workerData } from 'node:worker_threads';
import { Barretenberg, reasonOf } from '../barretenberg/barretenberg';
import { FIRST_POINT, SECOND_GROUP_POINT } from '../barretenberg/reference-string';
import type { ThreadData, ThreadQuestion, ThreadVerdict } from './thread-messages';

const { module, verificationKey } = workerData as ThreadData;
let barretenberg = new Barretenberg(module, { g1: FIRST_POINT, g2: SECOND_GROUP_POINT });

function check({ publicInputs, proof }: ThreadQuestion): ThreadVerdict {
  try {
    return { valid: barretenberg.verify(verificationKey, publicInputs, proof) };
  } catch (error) {
    // After an instance threw, the state of its memory is unknown.
    barretenberg = barretenberg.replacement();
    return { valid: false, threw: reasonOf(error) };
  }
}

parentPort?.on('message', (question: ThreadQuestion) => parentPort?.postMessage(check(question)));
parentPort?.postMessage('ready');
