/** Signs and verifies notes (https://c2sp.org/signed-note) with Ed25519, for browser and Node, without input or output. */
export * from './errors';
export * from './note-keys';
export { type SignatureCheck } from './signature-check';
export * from './signed-note';
