import { EifError } from '../errors';
import { bytesSource, rangeSource } from '../io/byte-source';
import { InputFile } from '../io/input-file';
import { readOpenImage } from './read-image';
import { type WriteOptions, type WrittenImage, writeSections } from './write-image';
import { prepareSigner, type SigningKey } from '../sign/signer';

/**
 * Signs the PCR0 of an image, as `nitro-cli sign-eif` does. The signature becomes the last section, or replaces the existing
 * signature. No measured byte changes. An image of version 3 keeps its version. Gaps between sections are removed. AWS's tools
 * leave the size of an earlier signature in the header; this function corrects it.
 *
 * @param path may be the same as `imagePath`. The file is written completely or not at all.
 * @throws EifError what `readImage` throws, ERR_EIF_SIGNATURE_CERTIFICATE, ERR_EIF_SIGNING_KEY, ERR_EIF_SECTION_COUNT
 */
export async function signImage(
  imagePath: string,
  key: SigningKey,
  path: string,
  options: WriteOptions = {},
): Promise<WrittenImage> {
  const signer = prepareSigner(key);
  const file = await InputFile.open(imagePath);
  try {
    const { version, arch, defaultMemoryBytes, defaultCpus, sections, measurements, signature } = await readOpenImage(
      file,
      { ...options, mendSignatureSize: true },
    );
    const signed = { type: 'signature' as const, source: bytesSource(signer.sign(measurements.pcr0)) };
    const kept = sections.map(({ type, dataOffset, sizeBytes }) =>
      type === 'signature' ? signed : { type, source: rangeSource(file, dataOffset, sizeBytes) },
    );
    const written = await writeSections(
      path,
      { version, arch, defaultMemoryBytes, defaultCpus },
      signature === undefined ? [...kept, signed] : kept,
      options.onProgress,
    );
    if (written.measurements.pcr0 !== measurements.pcr0) throw new EifError('ERR_EIF_SOURCE_CHANGED', imagePath);
    return { ...written, measurements: { ...written.measurements, pcr8: signer.pcr8 } };
  } finally {
    await file.close();
  }
}
