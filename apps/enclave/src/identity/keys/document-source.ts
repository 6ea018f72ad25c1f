import type { Nsm } from '@communique-tee/nsm';
import { encodeKeyBinding, toHex } from '@communique-tee/protocol';
import { createHash } from 'node:crypto';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import { ProblemError } from '../../runtime/problem-error';
import type { EnclaveKeys } from './enclave-keys';
import { attest } from './attest';

export interface AttestedDocument {
  bytes: Uint8Array;
  sha256: Uint8Array;
  /** Hex. */
  pcr0: string;
  madeAtMs: number;
  /** The earliest expiry among the certificates of its chain. No receipt that carries this document may be dated later. */
  endsAtMs: number;
}

/** How many requests may wait for the NSM, which answers one request at a time. */
const MAX_WAITING = 32;
/** Clients that send no nonce get a document of at most this age. */
const CLIENT_REUSE_MS = 10_000;
/** A document for receipts is renewed at this age, or earlier if its certificates are about to end. */
const RECEIPT_REUSE_MS = 30 * 60_000;
/**
 * How long before the end of its certificates a document for receipts is renewed. The NSM uses one leaf certificate for nearly three hours, so
 * even a new document may be valid for only some minutes.
 */
const RECEIPT_MARGIN_MS = 10 * 60_000;

/** Makes attestation documents for one of the enclave's keys: for clients and for receipts. */
export class DocumentSource {
  private cached: AttestedDocument | undefined;
  private refreshing: Promise<AttestedDocument> | undefined;
  private waiting = 0;
  /** The `user_data` of every document. */
  private readonly binding: Uint8Array;

  constructor(
    private readonly nsm: Nsm,
    private readonly keys: EnclaveKeys,
    private readonly clock: AnchoredClock,
    /** Hash of the public configuration, 32 bytes. */
    configSha256: Uint8Array,
  ) {
    const { keyId, receiptKey, custody, legacy } = keys;
    const legacyKey = legacy?.pair.publicKey;
    this.binding = encodeKeyBinding({ keyId, receiptKey, custody, configSha256, ...(legacyKey && { legacyKey }) });
  }

  /** Makes a new document with the client's nonce (16 to 64 bytes). */
  async withNonce(nonce: Uint8Array): Promise<Uint8Array> {
    return (await this.make(nonce)).bytes;
  }

  /** Returns a document without a nonce, at most ten seconds old. */
  async withoutNonce(): Promise<Uint8Array> {
    return (await this.notOlderThan(CLIENT_REUSE_MS, 0)).bytes;
  }

  /**
   * Returns the document for a receipt that is dated now. If the NSM fails, returns the last document as long as its certificates are
   * valid, because a finished delivery must get its receipt.
   */
  async forReceipt(): Promise<AttestedDocument> {
    try {
      return await this.notOlderThan(RECEIPT_REUSE_MS, RECEIPT_MARGIN_MS);
    } catch (error) {
      if (this.cached && this.clock.nowMs() <= this.cached.endsAtMs) return this.cached;
      throw error;
    }
  }

  private async notOlderThan(maxAgeMs: number, marginMs: number): Promise<AttestedDocument> {
    const nowMs = this.cached ? this.clock.nowMs() : 0;
    if (this.cached && nowMs - this.cached.madeAtMs <= maxAgeMs && nowMs <= this.cached.endsAtMs - marginMs)
      return this.cached;
    this.refreshing ??= this.make().finally(() => (this.refreshing = undefined));
    this.cached = await this.refreshing;
    return this.cached;
  }

  private async make(nonce?: Uint8Array): Promise<AttestedDocument> {
    if (this.waiting >= MAX_WAITING) throw new ProblemError('enclave_busy', { retryAfterSeconds: 1 });
    this.waiting++;
    try {
      const { bytes, timestampMs, pcr0, endsAtMs } = await attest(this.nsm, this.clock, {
        publicKey: this.keys.sealing.publicKey,
        userData: this.binding,
        ...(nonce && { nonce }),
      });
      return {
        bytes,
        sha256: createHash('sha256').update(bytes).digest(),
        pcr0: toHex(pcr0),
        madeAtMs: timestampMs,
        endsAtMs,
      };
    } finally {
      this.waiting--;
    }
  }
}
