import { decodeSealedKey, toHex, type KeyOffer, type KeyStatus, type SealedKeyCore } from '@communique-tee/protocol';
import type { SealedEnclave } from './sealed-world';

/** Simulates the gateways' database of sealed keys, which keeps the first key record for each custody, image and epoch. */
export class RecordStore {
  private readonly stored = new Map<string, Uint8Array>();
  readonly revoked: Uint8Array[] = [];

  get records(): Uint8Array[] {
    return [...this.stored.values()];
  }

  get cores(): SealedKeyCore[] {
    return this.records.map((bytes) => decodeSealedKey(bytes).core);
  }

  insert(bytes: Uint8Array): void {
    const { custody, pcr0, epoch } = decodeSealedKey(bytes).core;
    const name = `${custody} ${toHex(pcr0)} ${String(epoch)}`;
    if (!this.stored.has(name)) this.stored.set(name, bytes);
  }

  /** Offers everything stored and stores the proposal, as a gateway does at its start and every few seconds. */
  async exchange(enclave: Pick<SealedEnclave, 'offer'>, more: Partial<KeyOffer> = {}): Promise<KeyStatus> {
    const status = await enclave.offer({ records: this.records, revoked: this.revoked, ...more });
    if (status.proposal) this.insert(status.proposal);
    return status;
  }

  /** Repeats the exchange with all enclaves until none proposes a record. */
  async settle(enclaves: readonly Pick<SealedEnclave, 'offer'>[], more: Partial<KeyOffer> = {}): Promise<KeyStatus[]> {
    for (let round = 0; round < 5; round++) {
      const statuses = await Promise.all(enclaves.map((enclave) => this.exchange(enclave, more)));
      if (statuses.every(({ proposal }) => proposal === null)) return statuses;
    }
    throw new Error('the enclaves still propose records after five rounds');
  }
}
