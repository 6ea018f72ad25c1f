import type { Service } from '@communique-tee/testing/harness';
import type { DescribedCongress } from './congress';

export type RunningEnclave = Pick<Service, 'stop' | 'kill'> & Partial<Pick<Service, 'pid'>>;

/** Which enclave the system has. It is made once; its `start` is called again after a kill, on the same address. */
export interface EnclaveProvider {
  /** As in ENCLAVE_URL. */
  readonly address: string;
  /** The root that its documents chain to, PEM. */
  readonly rootPem: string;
  /** PCR0 of its image, hexadecimal. */
  readonly pcr0: string;
  /** PCR3 of its operator (the role of the parent instance), hexadecimal. */
  readonly pcr3: string;
  start(): Promise<RunningEnclave>;
  /** What stays between starts, such as the parent's proxies. */
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
