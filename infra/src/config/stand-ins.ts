import type { EnclaveImage } from './enclave-image';
import type { Release } from './release';
import type { Architecture } from '../instances/instance-types';

const repeated = (digits: string, length: number): string => digits.repeat(length).slice(0, length);

/** A made-up image and release, to check or preview a stack before they are built. `pulumi up` never creates anything with them. */
export const notBuilt = (architecture: Architecture): { image: EnclaveImage; release: Release } => ({
  image: {
    architecture,
    sizeBytes: 50 * 1024 * 1024,
    sha384: repeated('0ff', 96),
    pcr0: repeated('0f', 96),
    pcr1: repeated('1f', 96),
    pcr2: repeated('2f', 96),
    version: 'not built',
    commit: 'not built',
    stack: 'not built',
    routes: [{ host: 'not-built.example.org', port: 443, vsockPort: 8001 }],
  },
  release: { sha256: repeated('0f', 64), referenceString: false },
});
