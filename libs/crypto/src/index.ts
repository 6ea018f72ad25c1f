/** Seals and opens messages and answers on Node. In a browser, import `@communique-tee/crypto/browser`, which uses the noble libraries. */
import { createLegacySealing } from './legacy';
import { nodePrimitives } from './primitives/node';
import { createSealing } from './sealing';

export * from './errors';
export type { AnswerKey } from './answers';
export type { SealInput, Sealing } from './sealing';
export type { KeyPair } from './primitives/primitives';
export { MAX_PLAINTEXT_BYTES } from './padding';

export const sealing = createSealing(nodePrimitives);
export const { generateKeyPair, importPrivateKey, keyIdOf, seal, open, sealAnswer, openAnswer } = sealing;
export const { sealTask, openTask, sealTaskAnswer, openTaskAnswer } = sealing;
/** The suite of the web client (legacy), for the enclave, which opens that client's messages. This library cannot seal them. */
export const { legacyMessageId, openLegacy, sealLegacyAnswer, openLegacyAnswer } = createLegacySealing(nodePrimitives);
