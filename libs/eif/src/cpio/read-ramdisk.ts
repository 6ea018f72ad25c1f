import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EifError } from '../errors';
import type { Section } from '../format/sections';
import { InputFile } from '../io/input-file';
import { type CpioEntry, readCpio, type ReadCpioOptions } from './read-cpio';

/**
 * Lists the entries of a ramdisk of an image, compressed with gzip or not. An empty ramdisk has no entries.
 *
 * @param section of type "ramdisk", from `readImage` of the same file
 * @throws EifError what `readCpio` throws, ERR_CPIO_GZIP, ERR_EIF_FILE
 * @example
 * const image = await readImage(path);
 * for (const section of image.sections) if (section.type === 'ramdisk') for await (const entry of readRamdisk(path, section))
 *   console.log(entry.name);
 */
export async function* readRamdisk(
  path: string,
  section: Section,
  options: ReadCpioOptions = {},
): AsyncGenerator<CpioEntry, void, undefined> {
  const file = await InputFile.open(path);
  try {
    yield* readOpenRamdisk(file, section, options);
  } finally {
    await file.close();
  }
}

export async function* readOpenRamdisk(
  file: InputFile,
  section: Section,
  options: ReadCpioOptions = {},
): AsyncGenerator<CpioEntry, void, undefined> {
  if (section.sizeBytes > 0) yield* readCpio(await uncompressed(file, section), options);
}

/** Returns the uncompressed archive in chunks that may end anywhere. */
async function uncompressed(file: InputFile, { dataOffset, sizeBytes }: Section): Promise<AsyncIterable<Uint8Array>> {
  const start = await file.read(dataOffset, Math.min(2, sizeBytes));
  const compressed = start[0] === 0x1f && start[1] === 0x8b;
  return compressed ? gunzip(file.chunks(dataOffset, sizeBytes)) : file.chunks(dataOffset, sizeBytes);
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  // Each chunk is copied, because the stream may still use it when the next chunk is read into the same buffer.
  const copies = Readable.from(
    (async function* () {
      for await (const chunk of source) yield chunk.slice();
    })(),
    { objectMode: false, highWaterMark: 1 },
  );
  const inflated = copies.pipe(createGunzip({ chunkSize: 1 << 18 }));
  copies.on('error', (error) => inflated.destroy(error));
  try {
    for await (const chunk of inflated as AsyncIterable<Uint8Array>) yield chunk;
  } catch (cause) {
    if (cause instanceof EifError) throw cause;
    throw new EifError('ERR_CPIO_GZIP', cause instanceof Error ? cause.message : undefined, cause);
  } finally {
    copies.destroy();
    inflated.destroy();
  }
}
