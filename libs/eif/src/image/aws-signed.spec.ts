import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSigningKey } from '../testing/signing-key';
import { readImage } from './read-image';
import { signImage } from './sign-image';

const fixture = (name: string) => join(__dirname, '..', 'testing', 'aws-signed', `${name}.eif`);

/** The measurements that AWS's crate printed (src/testing/aws-signed/README.md). */
const MEASUREMENTS = {
  pcr0: '9482aea1beb075a9111d45adce33569fde0b903cea11659f32ff80f8ea764e139710da4f3429b97260e28462765aa8f2',
  pcr1: 'bf428d860d4348df8398fe9ecc10b6bc50795059d9c4c355378dfcaaa2080389b36df2ce0216eacd35d14b5aee086f50',
  pcr2: 'b76036a6963404c7fe1249127a5c2fc684090bd30f0386d9b643e2e11e203f2fb62d50ea1af96ad3bc6ba974c3b1c79a',
};

describe('an image that AWS’s crate signed', () => {
  it.each([
    ['ES256', '9793212b1cf7ad859694ff4241e268c6a6e762b4bc956e6f223df5a9484201e3f10f2c6747a3b59916129e57a2de8eeb'],
    ['ES384', '57ffcc464260b6048e6e844f931611155e5934ce89474fc1e49301c0a07f1861f85a49b45fa67c69bee9982299b48758'],
    ['ES512', '50a7a0cf785f91054958197f86a659ad884c39c289bf0ac61a0368d48472c48fda0c5a09676a07db4803a08e8b04857a'],
  ])('with %s has the measurements that the crate printed', async (algorithm, pcr8) => {
    const { measurements, signature } = await readImage(fixture(algorithm.toLowerCase()));
    expect(measurements).toEqual({ ...MEASUREMENTS, pcr8 });
    expect(signature).toMatchObject({ algorithm, pcr0: MEASUREMENTS.pcr0, subject: 'CN=test signer' });
  });

  it('twice is refused because of the size of the first signature, and signImage corrects the size', async () => {
    await expect(readImage(fixture('twice'))).rejects.toMatchObject({ code: 'ERR_EIF_SIGNATURE_STALE_SIZE' });
    const folder = await mkdtemp(join(tmpdir(), 'eif-aws-'));
    try {
      const mended = join(folder, 'mended.eif');
      const { measurements } = await signImage(fixture('twice'), await makeSigningKey(), mended);
      expect(measurements).toMatchObject(MEASUREMENTS);
      expect((await readImage(mended)).measurements).toEqual(measurements);
      expect((await readFile(mended)).length).toBeGreaterThan(2000);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
