import { EifError } from '../errors';
import { InputFile } from './input-file';

/** A source of bytes: memory, or a file that is read in chunks and may be larger than memory. */
export type ByteSource = Uint8Array | { readonly path: string };

export interface OpenSource {
  readonly sizeBytes: number;
  /** Can be iterated more than once. Each chunk is valid until the next one is requested. */
  chunks(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** @throws EifError ERR_EIF_FILE */
export async function openSource(source: ByteSource): Promise<OpenSource> {
  if (source instanceof Uint8Array) return bytesSource(source);
  const file = await InputFile.open(source.path);
  return { sizeBytes: file.sizeBytes, chunks: () => wholeFile(file), close: () => file.close() };
}

export function bytesSource(bytes: Uint8Array): OpenSource {
  return {
    sizeBytes: bytes.length,
    async *chunks() {
      yield await Promise.resolve(bytes);
    },
    close: () => Promise.resolve(),
  };
}

/** A range of a file that the caller closes. */
export function rangeSource(file: InputFile, offset: number, sizeBytes: number): OpenSource {
  return { sizeBytes, chunks: () => file.chunks(offset, sizeBytes), close: () => Promise.resolve() };
}

async function* wholeFile(file: InputFile): AsyncGenerator<Uint8Array, void, undefined> {
  yield* file.chunks(0, file.sizeBytes);
  // Reading fails if the file became shorter. Only this check finds that it became longer.
  const longer = await file.read(file.sizeBytes, 1).then(
    () => true,
    () => false,
  );
  if (longer) throw new EifError('ERR_EIF_SOURCE_CHANGED', file.path);
}
