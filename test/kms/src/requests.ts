import type { EncryptionContext } from './keys/ciphertext';

/** A request and its result, without keys, plaintexts, ciphertexts or signatures. */
export interface KmsRequestRecord {
  /** the time by the simulator's clock */
  atMs: number;
  /** `Decrypt` and so on; `unknown` if the simulator does not have the action */
  action: string;
  /** null if no signature was verified */
  principal: string | null;
  /** `done`, AWS's name of the error, or `cut` if the connection was cut before anything was decided */
  decision: string;
  keyArn?: string;
  encryptionContext?: EncryptionContext;
  /** PCR0 of a verified document, 96 hexadecimal digits. */
  attestedPcr0?: string;
  /** The kind of the fault that struck. */
  fault?: string;
}

const MAX_RECORDS = 10_000;

/** The latest requests, oldest first. */
export class RequestLog {
  #records: KmsRequestRecord[] = [];

  open(atMs: number, action: string): KmsRequestRecord {
    const record: KmsRequestRecord = { atMs, action, principal: null, decision: 'cut' };
    this.#records.push(record);
    if (this.#records.length > MAX_RECORDS) this.#records.shift();
    return record;
  }

  all(): KmsRequestRecord[] {
    return this.#records.map((record) => ({ ...record }));
  }

  clear(): void {
    this.#records = [];
  }
}
