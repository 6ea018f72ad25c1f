/** Values that a label may take. Whatever is not in its list becomes `other`: no caller can make up a series. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const KMS_FAILURES: ReadonlySet<string> = new Set([
  'kms_unreachable',
  'kms_denied',
  'kms_throttled',
  'kms_failed',
  'kms_answer_invalid',
  'kms_credentials',
  'kms_key_unusable',
  'kms_ciphertext_invalid',
  'kms_clock',
  'nsm_failed',
]);
const KEY_REFUSALS: ReadonlySet<string> = new Set([
  'malformed',
  'revoked',
  'other_custody',
  'other_image',
  'times_invalid',
  'too_old',
  'maker_refused',
  'too_many',
  'tampered',
  ...KMS_FAILURES,
]);
const PROPOSALS: ReadonlySet<string> = new Set([
  'stored',
  'known',
  'epoch_taken',
  'too_many',
  'malformed',
  'other_custody',
  'other_image',
  'times_invalid',
  'maker_refused',
]);

export const OTHER = 'other';
/** No route of ours matched. */
export const UNMATCHED = 'unmatched';

export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : OTHER;
}

export function statusLabel(status: number): string {
  return Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : OTHER;
}

/** An enclave says it in its own words. */
export function kmsFailureLabel(code: string): string {
  return KMS_FAILURES.has(code) ? code : OTHER;
}

export function keyRefusalLabel(code: string): string {
  return KEY_REFUSALS.has(code) ? code : OTHER;
}

export function proposalLabel(outcome: string): string {
  return PROPOSALS.has(outcome) ? outcome : OTHER;
}
