import type { EnclaveKey } from '@communique-tee/client';
import type { Pcr0s } from '../measurements';

/** What the person has decided to trust, and what came of looking. Lives as long as the page. */
export interface Trust {
  pcr0s: Pcr0s | undefined;
  /** Set by the person's own click alone. */
  developmentRootPem: string | undefined;
  /** Of the last look that held in everything, the person's measurements included. */
  verified: EnclaveKey | undefined;
}
