import type { KmsFailure } from '../kms';

/**
 * Why a sealed key is not taken, in the order of the checks: `malformed` cannot be read; `revoked` by an operator; `other_custody`
 * guarded by another KMS key than the configuration names; `other_image` made by another one; `times_invalid` from the future, or with
 * times that this configuration does not make; `too_old` past its end; `maker_refused` its maker's document does not verify, is of
 * another image or a debug enclave, of another time, or vouches for another key; `kms_*` KMS does not open its data key; `tampered` what is
 * sealed is not what was sealed.
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
