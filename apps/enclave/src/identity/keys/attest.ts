import { readAttestation_unverified } from '@communique-tee/attestation';
import type { AttestationFields, Nsm } from '@communique-tee/nsm';
import type { AnchoredClock } from '../../runtime/anchored-clock';

/** An attestation document of this enclave's own NSM. It needs no verification here. */
export interface OwnDocument {
  bytes: Uint8Array;
  timestampMs: number;
  /** 48 bytes. */
  pcr0: Uint8Array;
  /** The earliest expiry among the certificates of its chain. */
  endsAtMs: number;
}

/** Gets a document from the NSM and anchors the clock on its timestamp, the only trustworthy source of time in an enclave. */
export async function attest(nsm: Nsm, clock: AnchoredClock, fields: AttestationFields): Promise<OwnDocument> {
  const askedAtMs = clock.moment();
  const bytes = await nsm.attest(fields);
  const { timestampMs, pcrs, certificates } = readAttestation_unverified(bytes);
  clock.anchorOn(timestampMs, askedAtMs);
  return {
    bytes,
    timestampMs,
    pcr0: pcrs.get(0) ?? new Uint8Array(),
    endsAtMs: Math.min(...certificates.map(({ notAfterMs }) => notAfterMs)),
  };
}
