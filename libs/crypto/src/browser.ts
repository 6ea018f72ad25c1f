/** Seals and opens messages and answers on platforms other than Node. It has the functions of the Node entry except those for the legacy suite. */
import { noblePrimitives } from './primitives/noble';
import { createSealing } from './sealing';

export * from './errors';
export type { AnswerKey } from './answers';
export type { SealInput, Sealing } from './sealing';
export type { KeyPair } from './primitives/primitives';
export { MAX_PLAINTEXT_BYTES } from './padding';

export const sealing = createSealing(noblePrimitives);
export const { generateKeyPair, importPrivateKey, keyIdOf, seal, open, sealAnswer, openAnswer } = sealing;
export const { sealTask, openTask, sealTaskAnswer, openTaskAnswer } = sealing;
