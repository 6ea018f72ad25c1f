import type { EnclaveKey } from '@communique-tee/client';
import type { Accepted } from '../measurements';

/** What the person has decided to trust, and what came of looking. Lives as long as the page. */
export interface Trust {
  /** Which images under which operators. */
  accepted: Accepted | undefined;
  /** Set by the person's own click alone. */
  developmentRootPem: string | undefined;
  /** Of the last look that held in everything, the person's image and operator included. */
  verified: EnclaveKey | undefined;
}
