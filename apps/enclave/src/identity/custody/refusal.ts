import type { KmsFailure } from '../kms';

/**
 * Why a sealed key is not taken, in the order of the checks. `malformed`: it cannot be read. `revoked`: an operator revoked it.
 * `other_custody`: the configuration names another KMS key than the one that guards it. `other_image`: another image made it.
 * `times_invalid`: it is from the future, or lives longer than this configuration lets keys live. `too_old`: its end has passed.
 * `maker_refused`: its maker's document does not verify, is of another image, of a debug enclave or of another time, or vouches for
 * another key. `kms_*`: KMS does not open its data key. `nsm_failed`: the NSM gives no document for KMS. `tampered`: its content is not
 * what was sealed.
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
