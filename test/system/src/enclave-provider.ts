import type { Service } from '@communique-tee/testing/harness';
import type { DescribedCongress } from './congress';

export type RunningEnclave = Pick<Service, 'stop' | 'kill'> & Partial<Pick<Service, 'pid'>>;

/** The enclave of a test system. After a kill, the system calls `start` again, and the address stays the same. */
export interface EnclaveProvider {
  /** The address, in the form of ENCLAVE_URL. */
  readonly address: string;
  /** The root certificate of the enclave's documents, in PEM. */
  readonly rootPem: string;
  /** PCR0 of the enclave's image, hexadecimal. */
  readonly pcr0: string;
  /** PCR3 of the enclave's operator (the role of the parent instance), hexadecimal. */
  readonly pcr3: string;
  start(): Promise<RunningEnclave>;
  /** Stops everything that runs between starts, such as the parent's proxies. */
  stop?(): Promise<unknown>;
}

export interface EnclaveSurroundings {
  readonly folder: string;
  readonly logFolder: string;
  readonly congress: DescribedCongress;
  /** The file in which the Congress simulator describes itself. */
  readonly congressFile: string;
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
}
