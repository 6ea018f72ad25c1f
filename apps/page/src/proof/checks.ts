import type { AttestationError } from '@communique-tee/attestation/browser';

/** In the order in which they are made; the first that fails decides. */
export const CHECKS = [
  { id: 'answer', title: 'An answer to a nonce of this browser' },
  { id: 'structure', title: 'Well formed, to the byte' },
  { id: 'chain', title: 'Certificates, link by link from the root' },
  { id: 'signature', title: 'Signature over the document' },
  { id: 'registers', title: 'Measured, and not in debug mode' },
  { id: 'nonce', title: 'Made for this nonce' },
  { id: 'age', title: 'Made just now' },
  { id: 'measurement', title: 'The image you trust' },
  { id: 'binding', title: 'Keys bound to the document' },
  { id: 'custody', title: 'Who could bring the keys back' },
] as const;
export type CheckId = (typeof CHECKS)[number]['id'];

/** `open`: not made, because the person gave nothing to compare with. */
export type CheckState = 'waiting' | 'running' | 'passed' | 'failed' | 'open';

/** The check that an error of the library stands for; undefined for our own mistakes. */
export function checkOf({ step, code }: Pick<AttestationError, 'step' | 'code'>): CheckId | undefined {
  switch (step) {
    case 'structure':
    case 'algorithm':
    case 'digest':
      return 'structure';
    case 'chain':
    case 'signature':
      return step;
    case 'measurements':
      return code === 'ERR_ATTESTATION_MEASUREMENT' ? 'measurement' : 'registers';
    case 'freshness':
      return code === 'ERR_ATTESTATION_NONCE' || code === 'ERR_ATTESTATION_NONCE_MISSING' ? 'nonce' : 'age';
    case 'policy':
      return undefined;
  }
}

/**
 * Which certificate (from 0, root first) a refused chain broke at; undefined where the error does not say.
 * The library names it in its text as `certificate 2 of 5`; a spec holds this against it.
 */
export function brokenLink(
  { code, message }: Pick<AttestationError, 'code' | 'message'>,
  count: number,
): number | undefined {
  if (code === 'ERR_ATTESTATION_ROOT') return 0;
  if (code === 'ERR_ATTESTATION_CERTIFICATE_LEAF_IS_CA') return count - 1;
  const named = /certificate (\d+) of \d+/.exec(message)?.[1];
  return named === undefined ? undefined : Number(named) - 1;
}
