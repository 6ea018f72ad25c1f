import { readAttestation_unverified } from '@communique-tee/attestation';
import type { Nsm } from '@communique-tee/nsm';
import { createHash } from 'node:crypto';
import type { AnchoredClock } from '../clock/anchored-clock';
import { ProblemError } from '../http/problem-error';
import type { EnclaveKeys } from '../keys/enclave-keys';

export interface AttestedDocument {
  bytes: Uint8Array;
  sha256: Uint8Array;
  /** Hex. */
  pcr0: string;
  madeAtMs: number;
}

/** Requests that may wait for the NSM, which answers one after the other. */
const MAX_WAITING = 32;
/** A document that clients without a nonce get is at most this old. */
const CLIENT_REUSE_MS = 10_000;
/** One that vouches for receipts: its leaf certificate lasts three hours, and a receipt must fall inside. */
const RECEIPT_REUSE_MS = 30 * 60_000;

/** Attestation documents over the enclave's public keys, for clients and for receipts. */
export class DocumentSource {
  private cached: AttestedDocument | undefined;
  private refreshing: Promise<AttestedDocument> | undefined;
  private waiting = 0;

  constructor(
    private readonly nsm: Nsm,
    private readonly keys: EnclaveKeys,
    private readonly clock: AnchoredClock,
  ) {}

  /** With the client's nonce (16 to 64 bytes) always made anew. */
  async withNonce(nonce: Uint8Array): Promise<Uint8Array> {
    return (await this.make(nonce)).bytes;
  }

  /** Without a nonce: one of the last ten seconds. */
  async withoutNonce(): Promise<Uint8Array> {
    return (await this.notOlderThan(CLIENT_REUSE_MS)).bytes;
  }

  /** The document that a receipt carries. */
  forReceipt(): Promise<AttestedDocument> {
    return this.notOlderThan(RECEIPT_REUSE_MS);
  }

  private async notOlderThan(maxAgeMs: number): Promise<AttestedDocument> {
    if (this.cached && this.clock.nowMs() - this.cached.madeAtMs <= maxAgeMs) return this.cached;
    this.refreshing ??= this.make().finally(() => (this.refreshing = undefined));
    this.cached = await this.refreshing;
    return this.cached;
  }

  private async make(nonce?: Uint8Array): Promise<AttestedDocument> {
    if (this.waiting >= MAX_WAITING) throw new ProblemError('enclave_busy', { retryAfterSeconds: 1 });
    this.waiting++;
    try {
      const bytes = await this.nsm.attest({ publicKey: this.keys.sealing.publicKey, userData: this.keys.binding, ...(nonce && { nonce }) });
      const { timestampMs, pcrs } = readAttestation_unverified(bytes);
      this.clock.anchorOn(timestampMs);
      const pcr0 = Buffer.from(pcrs.get(0) ?? []).toString('hex');
      return { bytes, sha256: createHash('sha256').update(bytes).digest(), pcr0, madeAtMs: timestampMs };
    } finally {
      this.waiting--;
    }
  }
}
