import {
  createAttestationVerifier,
  unsafeTrustAnchorFromPem,
  verifyAttestation,
  type AttestationPolicy,
} from '@communique-tee/attestation';
import { createNsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { beside, cpuSecondsSince, rateOf, type Row } from './measure';

const HOUR_MS = 3600_000;
/** The number of signatures to verify for one document: its own, and those of the four certificates below the root. */
const VERIFICATIONS = 5;

/** Compares the verification of a document, whose chain is like AWS's, with one bare P-384 verification. */
export async function attestationRows(): Promise<Row[]> {
  const folder = await temporaryFolder('bench-attestation');
  try {
    let nowMs = Date.now();
    const nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path, now: () => nowMs }));
    const trustAnchor = unsafeTrustAnchorFromPem(await developmentRootPem(folder.path));
    const policy = (): AttestationPolicy => ({
      acceptedMeasurements: [developmentMeasurements],
      freshness: { documentTakenFromCache: true },
      maxAgeMs: 48 * HOUR_MS,
      maxFutureSkewMs: 48 * HOUR_MS,
      trustAnchor,
    });
    const at = (ms: number) => ({ ...policy(), at: new Date(ms) });
    const documents: { bytes: Uint8Array; ms: number }[] = [];
    // Each leaf certificate begins three hours later, under the same instance certificate, which lasts a day
    for (let leaf = 0; leaf < 7; leaf++) {
      documents.push({
        bytes: await nsm.attest({ publicKey: randomBytes(32), userData: randomBytes(100) }),
        ms: nowMs + 1000,
      });
      nowMs += 3 * HOUR_MS + 60_000;
    }
    const [first, ...others] = documents;
    if (!first) throw new Error('no document');

    const pair = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const data = randomBytes(4096);
    const signature = sign('sha384', data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
    const bare: Row = {
      what: 'bare P-384 verification of 4 KiB',
      value: await rateOf(() => verify('sha384', data, { key: pair.publicKey, dsaEncoding: 'ieee-p1363' }, signature)),
      unit: 'op/s',
    };
    const newKeys = Array.from({ length: VERIFICATIONS }, () => signedWithNewKey());
    const floor: Row = {
      what: 'five bare P-384 verifications, keys imported',
      value: await rateOf(() => {
        for (const { key, message, made } of newKeys) verify('sha384', message, { key, format: 'jwk' }, made);
      }),
      unit: 'op/s',
    };
    const none: Row = {
      what: 'verify, no cache',
      value: await rateOf(() => verifyAttestation(first.bytes, at(first.ms))),
      unit: 'op/s',
    };
    const warm = createAttestationVerifier();
    const leaf: Row = {
      what: 'verify, leaf cached',
      value: await rateOf(() => warm.verify(first.bytes, at(first.ms))),
      unit: 'op/s',
    };
    return [
      bare,
      beside(floor, bare),
      {
        ...beside(none, bare, { atLeast: 0.19 }),
        note: 'the row above has the five verifications that every document needs',
      },
      beside({ what: 'verify, bundle cached, new leaf', value: await newLeaves(), unit: 'op/s' }, bare, {
        atLeast: 0.4,
      }),
      beside(leaf, bare, { atLeast: 0.85 }),
    ];

    function signedWithNewKey() {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      const message = randomBytes(500); // the signed part of a certificate has about that length
      return { key: publicKey.export({ format: 'jwk' }), message, made: sign('sha384', message, privateKey) };
    }

    /** Measures verifiers that know the chain but see each leaf certificate for the first time. Their warm-up is not counted. */
    async function newLeaves(): Promise<number> {
      let best = 0;
      for (let round = 0; round < 40; round++) {
        const verifier = createAttestationVerifier();
        await verifier.verify(first?.bytes ?? new Uint8Array(), at(first?.ms ?? 0));
        const before = process.cpuUsage();
        for (const { bytes, ms } of others) await verifier.verify(bytes, at(ms));
        best = Math.max(best, others.length / cpuSecondsSince(before));
      }
      return best;
    }
  } finally {
    await folder.remove();
  }
}
