import { createHash } from 'node:crypto';
import {
  createAttestationVerifier,
  readAttestation_unverified,
  unsafeTrustAnchorFromPem,
} from '@communique-tee/attestation';
import {
  decodeSealedKey,
  decodeSealedKeyMaker,
  encodeSealedKeyCore,
  LIMITS,
  toHex,
  type SealedKeyCore,
  type SealedKeyRecord,
} from '@communique-tee/protocol';
import { measurementsOf } from '../attestation/attestation-judge';
import type { GatewayConfig } from '../../core/config/gateway-config';
import type { StoredRecord } from './sealed-key-store';

/**
 * Why a proposal is not stored. `malformed`: it cannot be read. `other_custody`: not the custody that the enclave reports. `other_image`:
 * not an accepted image, or not the one that the enclave attested. `maker_refused`: no accepted enclave vouches for it.
 */
export type ProposalRefusal = 'malformed' | 'other_custody' | 'other_image' | 'times_invalid' | 'maker_refused';
export type ReadProposal =
  { readonly ok: true; readonly core: SealedKeyCore } | { readonly ok: false; readonly code: ProposalRefusal };

/**
 * How far an enclave's clock may be ahead of the gateway's. Also how far the key's creation may be from the time of its maker's document.
 */
const MAX_SKEW_SECONDS = 300;
const MAX_ROTATION_SECONDS = 31 * 24 * 3600;
const MAX_KEPT_SECONDS = LIMITS.maxLifetimeSeconds + 3600;

/**
 * Checks a key record that an enclave proposes, before the gateway stores it. The check keeps garbage out of the table and, if attestation
 * is verified, every record that no accepted image made. Each enclave still decides for itself which records it opens.
 */
export class ProposalReader {
  private readonly verifier = createAttestationVerifier();

  constructor(private readonly attestation: GatewayConfig['attestation']) {}

  /**
   * @param expected `custody`: what the enclave reports; `pcr0`: what the enclave attested, in hex, null if it has not attested yet
   */
  async read(
    bytes: Uint8Array,
    expected: { readonly custody: string; readonly pcr0: string | null },
    now = new Date(),
  ): Promise<ReadProposal> {
    let record: SealedKeyRecord;
    try {
      record = decodeSealedKey(bytes);
    } catch {
      return refused('malformed');
    }
    const { core } = record;
    const pcr0 = toHex(core.pcr0);
    if (core.custody !== expected.custody) return refused('other_custody');
    if (expected.pcr0 !== null && pcr0 !== expected.pcr0) return refused('other_image');
    const accepted = this.attestation.acceptedMeasurements.filter((each) => each.pcr0 === pcr0);
    if (this.attestation.verify && accepted.length === 0) return refused('other_image');
    if (!timesAreSane(core, Math.floor(now.getTime() / 1000))) return refused('times_invalid');
    if (this.attestation.verify && !(await this.isVouchedFor(record, accepted))) return refused('maker_refused');
    return { ok: true, core };
  }

  /**
   * Whether an enclave with the record's PCR0 made the record, and the row's columns agree with the record. Always true if attestation is
   * not verified, because the maker is then unknown.
   */
  async isGenuine({ keyId, custody, pcr0, epoch, record }: StoredRecord): Promise<boolean> {
    if (!this.attestation.verify) return true;
    let read: SealedKeyRecord;
    try {
      read = decodeSealedKey(new Uint8Array(record));
    } catch {
      return false;
    }
    const { core } = read;
    const isOfRow =
      toHex(core.key_id) === toHex(keyId) &&
      core.custody === custody &&
      toHex(core.pcr0) === toHex(pcr0) &&
      BigInt(core.epoch) === epoch;
    // A row may be of an image or operator that is no longer accepted
    return isOfRow && (await this.isVouchedFor(read, [{ pcr0: toHex(core.pcr0), operator: 'any' }]));
  }

  /**
   * Whether the maker's attestation document was valid at its own time, has accepted measurements, and contains the hash of this core.
   */
  private async isVouchedFor(
    { core, maker }: SealedKeyRecord,
    accepted: GatewayConfig['attestation']['acceptedMeasurements'],
  ): Promise<boolean> {
    const { trustAnchorPem } = this.attestation;
    try {
      const { timestampMs } = readAttestation_unverified(maker);
      if (Math.abs(timestampMs / 1000 - core.created) > MAX_SKEW_SECONDS) return false;
      const { userData } = await this.verifier.verify(maker, {
        acceptedMeasurements: measurementsOf(accepted),
        freshness: { documentTakenFromCache: true },
        maxAgeMs: 0,
        maxFutureSkewMs: 0,
        at: new Date(timestampMs),
        ...(trustAnchorPem === undefined ? {} : { trustAnchor: unsafeTrustAnchorFromPem(trustAnchorPem) }),
      });
      const digest = createHash('sha256').update(encodeSealedKeyCore(core)).digest();
      return digest.equals(decodeSealedKeyMaker(userData ?? new Uint8Array()));
    } catch {
      // Any error means that the record does not prove which enclave made it.
      return false;
    }
  }
}

function timesAreSane(
  { created, rotate_after: rotateAfter, destroy_after: destroyAfter }: SealedKeyCore,
  nowSeconds: number,
): boolean {
  return (
    created <= nowSeconds + MAX_SKEW_SECONDS &&
    nowSeconds < destroyAfter &&
    rotateAfter - created <= MAX_ROTATION_SECONDS &&
    destroyAfter - rotateAfter <= MAX_KEPT_SECONDS
  );
}

function refused(code: ProposalRefusal): ReadProposal {
  return { ok: false, code };
}
