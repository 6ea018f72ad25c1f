/** The proof of residence for `send`: a separate entry, since it brings hash functions, signatures and the circuit's statement along. */
export { residenceProver, type Prove } from './residence-prover';
/** The functions that a form or command needs before a proof. */
export { officesOfDistrict, registrationFromJson } from '@communique-tee/residence';
/** A new secret (32 bytes), and the commitment that its owner hands to the registrar (64 hex digits of `fieldToHex`). */
export { commitmentOf, fieldToHex, randomField as createSecret } from '@communique-tee/residence';
