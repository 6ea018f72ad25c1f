/** The proof of residence for `send`, in a separate entry because of its size. */
export { residenceProver, type Prove } from './residence-prover';
/** The functions that a form or command needs before a proof. */
export { officesOfDistrict, registrationFromJson } from '@communique-tee/residence';
/** `createSecret` returns a new 32-byte secret. Its owner gives `fieldToHex(commitmentOf(secret))` to the registrar. */
export { commitmentOf, fieldToHex, randomField as createSecret } from '@communique-tee/residence';
