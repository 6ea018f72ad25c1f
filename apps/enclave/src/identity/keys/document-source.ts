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
  /** The earliest end of a certificate in its chain: no receipt that carries this document may be dated later. */
  endsAtMs: number;
}

/** Requests that may wait for the NSM, which answers one after the other. */
const MAX_WAITING = 32;
/** Clients that send no nonce get a document that is at most this old. */
const CLIENT_REUSE_MS = 10_000;
/**
 * A document that vouches for receipts is renewed after this time, or when its certificates are about to end,
 * whichever is first.
 */
const RECEIPT_REUSE_MS = 30 * 60_000;
/** The NSM signs with one leaf certificate for nearly all of its three hours, so that a new document may have minutes left. */
const RECEIPT_MARGIN_MS = 10 * 60_000;

/** Attestation documents over one pair of the enclave's public keys, for clients and for receipts. */
export class DocumentSource {
  private cached: AttestedDocument | undefined;
  private refreshing: Promise<AttestedDocument> | undefined;
  private waiting = 0;
  /** `user_data` of every document. */
  private readonly binding: Uint8Array;

  constructor(
    private readonly nsm: Nsm,
    private readonly keys: EnclaveKeys,
    private readonly clock: AnchoredClock,
    /** Of the public configuration, 32 bytes. */
    configSha256: Uint8Array,
  ) {
    const { keyId, receiptKey, custody, legacy } = keys;
    const legacyKey = legacy?.pair.publicKey;
    this.binding = encodeKeyBinding({ keyId, receiptKey, custody, configSha256, ...(legacyKey && { legacyKey }) });
  }

  /** A new document with the client's nonce (16 to 64 bytes). */
  async withNonce(nonce: Uint8Array): Promise<Uint8Array> {
    return (await this.make(nonce)).bytes;
  }

  /** A document without a nonce, at most ten seconds old. */
  async withoutNonce(): Promise<Uint8Array> {
    return (await this.notOlderThan(CLIENT_REUSE_MS, 0)).bytes;
  }

  /**
   * The document that a receipt dated now carries. If the NSM fails, this is the last document while its certificates are valid, because
   * a finished delivery must not stay without its receipt.
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
