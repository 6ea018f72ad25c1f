import type { Keys } from '../proof/examine';
import type { Pcr0s } from '../measurements';
import type { VerifiedAttestation } from '@communique-tee/attestation/browser';

/** What the person has decided to trust, and what came of looking. Lives as long as the page. */
export interface Trust {
  pcr0s: Pcr0s | undefined;
  /** Set by the person's own click alone. */
  developmentRootPem: string | undefined;
  /** Of the last look that held in everything, the person's measurements included. */
  verified:
    { readonly keys: Keys; readonly attestation: VerifiedAttestation; readonly document: Uint8Array } | undefined;
}
