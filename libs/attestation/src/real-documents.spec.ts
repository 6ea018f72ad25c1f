import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as browserEntry from './browser';
import * as nodeEntry from './index';

interface Vector {
  file: string;
  timestamp_ms: number;
  module_id: string;
  debug_mode: boolean;
  pcrs: Record<string, string>;
  public_key: string | null;
  user_data: string | null;
  nonce: string | null;
}

const folder = join(__dirname, '../../../../shared/vectors/attestation');
const present = existsSync(join(folder, 'manifest.json'));
const vectors = present ? (JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Vector[]) : [];
const hex = (bytes: Uint8Array | undefined) => (bytes ? Buffer.from(bytes).toString('hex') : null);

if (!present) {
  it.skip(`real documents: ${folder} is absent, so they were not verified`, () => undefined);
} else {
  describe.each([
    ['node:crypto', nodeEntry],
    ['WebCrypto', browserEntry],
  ])('real documents over %s', (_, { verifyAttestation, readAttestation_unverified }) => {
    it('include production and debug documents', () => {
      expect(new Set(vectors.map(({ debug_mode }) => debug_mode)).size).toBe(2);
    });

    describe.each(vectors.map((vector) => [vector.file, vector] as const))('%s', (_file, vector) => {
      const document = new Uint8Array(readFileSync(join(folder, vector.file)));
      const unverified = readAttestation_unverified(document);
      const policy = {
        // In debug mode PCR0, 1 and 2 are zero, and no policy can accept zero.
        acceptedMeasurements: [{ pcr0: vector.pcrs['0'] ?? 'ab'.repeat(48), pcr3: vector.pcrs['3'] ?? '' }] as const,
        freshness:
          unverified.nonce && unverified.nonce.length >= 16
            ? { nonce: unverified.nonce }
            : { documentTakenFromCache: true as const },
        maxAgeMs: 1000,
        maxFutureSkewMs: 0,
        at: new Date(vector.timestamp_ms + 500),
      };

      it('has the fields that the manifest lists', () => {
        expect(unverified).toMatchObject({ moduleId: vector.module_id, timestampMs: vector.timestamp_ms });
        // The manifest has at most the first 80 bytes of a field.
        for (const [actual, listed] of [
          [unverified.publicKey, vector.public_key],
          [unverified.userData, vector.user_data],
          [unverified.nonce, vector.nonce],
        ] as const) {
          expect(hex(actual?.subarray(0, 80))).toBe(listed);
        }
      });

      if (vector.debug_mode) {
        it('is refused at its own time because of debug mode', async () => {
          await expect(verifyAttestation(document, policy)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_DEBUG' });
        });
      } else {
        it('verifies at its own time', async () => {
          const verified = await verifyAttestation(document, policy);
          expect(verified).toMatchObject({
            moduleId: vector.module_id,
            timestampMs: vector.timestamp_ms,
            pcr0: vector.pcrs['0'],
          });
          const nonZero = [...verified.pcrs]
            .filter(([, value]) => value.some((byte) => byte !== 0))
            .map(([index, value]) => [String(index), hex(value)]);
          expect(Object.fromEntries(nonZero)).toEqual(vector.pcrs);
          expect(verified.certificates.map(({ subject }) => subject)[0]).toBe('aws.nitro-enclaves');
        });

        it('is refused with another PCR0', async () => {
          await expect(
            verifyAttestation(document, {
              ...policy,
              acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), operator: 'any' }],
            }),
          ).rejects.toMatchObject({ code: 'ERR_ATTESTATION_MEASUREMENT' });
        });

        it('is refused with another operator', async () => {
          const [{ pcr0 }] = policy.acceptedMeasurements;
          await expect(
            verifyAttestation(document, { ...policy, acceptedMeasurements: [{ pcr0, pcr3: 'ab'.repeat(48) }] }),
          ).rejects.toMatchObject({ code: 'ERR_ATTESTATION_OPERATOR' });
        });

        it('has in PCR4 the SHA-384 of 48 zero bytes and the id of its parent instance', () => {
          const parent = vector.module_id.replace(/-enc.*$/, '');
          expect(vector.pcrs['4']).toBe(createHash('sha384').update(Buffer.alloc(48)).update(parent).digest('hex'));
        });
      }

      it('is refused now, because its certificate has expired', async () => {
        await expect(verifyAttestation(document, { ...policy, at: new Date() })).rejects.toMatchObject({
          code: 'ERR_ATTESTATION_CERTIFICATE_EXPIRED',
        });
      });
    });
  });
}
