import { CHECK_NAMES, type CheckName } from '@communique-tee/enclave-identity/browser';

/** A check without a title is shown by its name. */
const TITLES: Readonly<Partial<Record<CheckName, string>>> = {
  structure: 'Well formed, to the byte',
  chain: 'Certificates, link by link from the root',
  signature: 'Signature over the document',
  fields: 'Every signed field is known',
  debug_mode: 'Measured, and not in debug mode',
  nonce: 'Made for this nonce',
  age: 'Made just now',
  image: 'The image you trust',
  operator: 'The operator you trust',
  key_binding: 'Keys bound to the document',
  custody: 'Who could bring the keys back',
  configuration: 'What the enclave is set up to do',
};

/** The page's own step, and then those of the examination. */
export type CheckId = 'answer' | CheckName;

/** In the order in which they are made; the first that fails decides. */
export const CHECKS: readonly { readonly id: CheckId; readonly title: string }[] = [
  { id: 'answer', title: 'An answer to a nonce of this browser' },
  ...CHECK_NAMES.map((id) => ({ id, title: TITLES[id] ?? id.replaceAll('_', ' ') })),
];

/** `open`: not made, because there was nothing to compare with. */
export type CheckState = 'waiting' | 'running' | 'passed' | 'warning' | 'failed' | 'open';
