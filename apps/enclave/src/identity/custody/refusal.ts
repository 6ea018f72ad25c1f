import type { KmsFailure } from '../kms';

/**
 * Why a sealed key is refused. `malformed`: it cannot be read. `revoked`: an operator revoked it. `other_custody`: it names another KMS key
 * alias than the configuration. `other_image`: another image made it. `times_invalid`: it was created in the future, or lives longer than
 * this configuration allows. `too_old`: its end has passed. `maker_refused`: the document of the enclave that made it does not verify,
 * comes from another image or a debug enclave, has another time, or vouches for another key. `kms_*`: KMS does not decrypt its data key.
 * `nsm_failed`: the NSM gives no document for KMS. `tampered`: its content differs from what was sealed.
 */
export type KeyRefusal =
  | 'malformed'
  | 'revoked'
  | 'other_custody'
  | 'other_image'
  | 'times_invalid'
  | 'too_old'
  | 'maker_refused'
  | KmsFailure
  | 'tampered';

export class KeyRefused extends Error {
  override readonly name = 'KeyRefused';
  constructor(
    readonly code: KeyRefusal,
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}
