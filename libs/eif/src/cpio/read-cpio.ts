import { createHash } from 'node:crypto';
import { EifError } from '../errors';
import { checkName, fileTypes, maxNameBytes, trailerName, typeMask } from './entry';

export interface CpioEntry {
  readonly name: string;
  readonly kind: 'directory' | 'file' | 'symlink' | 'characterDevice' | 'other';
  /** `st_mode` without the file type: permissions, setuid, setgid and sticky bit. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly links: number;
  readonly sizeBytes: number;
  /** The device's major number; 0 for other entries. */
  readonly major: number;
  readonly minor: number;
  /** SHA-256 of the content, or of the target of a symbolic link, in hexadecimal. */
  readonly sha256: string;
  /** The target of a symbolic link. */
  readonly target: string | undefined;
  /** Where the entry starts in the uncompressed archive, and where it ends with its padding, in bytes. */
  readonly offset: number;
  readonly endOffset: number;
}

export interface ReadCpioOptions {
  /** The limit for the uncompressed archive. The default is 4 GiB. */
  readonly maxBytes?: number;
  /** Default 200,000. */
  readonly maxEntries?: number;
}

/**
 * Lists a newc archive (kernel documentation, driver-api/early-userspace/buffer-format). It accepts only the magic "070701", unique names
 * inside the root, padding of zeros, and zeros after the trailer. "." is accepted as the root.
 *
 * @param source the archive, in chunks of any size
 * @throws EifError ERR_CPIO_FORMAT, _NAME, _DUPLICATE, _TRUNCATED, _TRAILING, _TOO_LARGE
 */
export async function* readCpio(
  source: AsyncIterable<Uint8Array>,
  { maxBytes = 4_294_967_296, maxEntries = 200_000 }: ReadCpioOptions = {},
): AsyncGenerator<CpioEntry, void, undefined> {
  const reader = new ChunkReader(source, maxBytes);
  const seen = new Set<string>();
  for (;;) {
    const offset = reader.offset;
    const { name, ...fields } = await readHeader(reader);
    if (name === trailerName) {
      if (fields.sizeBytes !== 0) throw new EifError('ERR_CPIO_FORMAT', 'a trailer with content');
      return await onlyZeros(reader);
    }
    if (name !== '.') checkName(name);
    if (seen.has(name)) throw new EifError('ERR_CPIO_DUPLICATE', JSON.stringify(name));
    seen.add(name);
    if (seen.size > maxEntries) throw new EifError('ERR_CPIO_TOO_LARGE', `more than ${maxEntries} entries`);

    const { st_mode, sizeBytes, ...rest } = fields;
    const kind = kindOf(st_mode);
    if (kind !== 'file' && kind !== 'symlink' && sizeBytes !== 0)
      throw new EifError('ERR_CPIO_FORMAT', `${JSON.stringify(name)} has content, and can have none`);
    if (kind === 'symlink' && (sizeBytes === 0 || sizeBytes > maxNameBytes))
      throw new EifError('ERR_CPIO_FORMAT', `${JSON.stringify(name)} links to ${sizeBytes} bytes`);
    const hash = createHash('sha256');
    let target = '';
    for await (const chunk of reader.take(sizeBytes)) {
      hash.update(chunk);
      if (kind === 'symlink') target += Buffer.from(chunk).toString('latin1');
    }
    await padding(reader);
    yield {
      name,
      kind,
      mode: st_mode & ~typeMask,
      sizeBytes,
      ...rest,
      sha256: hash.digest('hex'),
      target: kind === 'symlink' ? Buffer.from(target, 'latin1').toString('utf8') : undefined,
      offset,
      endOffset: reader.offset,
    };
  }
}

const headerTextBytes = 110;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

async function readHeader(reader: ChunkReader) {
  const text = Buffer.from(await reader.read(headerTextBytes)).toString('latin1');
  if (!/^070701[0-9a-fA-F]{104}$/.test(text))
    throw new EifError('ERR_CPIO_FORMAT', `no header at byte ${reader.offset - headerTextBytes}`);
  const field = (i: number) => Number.parseInt(text.slice(6 + 8 * i, 14 + 8 * i), 16);
  const nameBytes = field(11);
  if (field(12) !== 0) throw new EifError('ERR_CPIO_FORMAT', 'a checksum, which the format 070701 does not have');
  if (nameBytes < 2 || nameBytes > maxNameBytes + 1) throw new EifError('ERR_CPIO_NAME', `${nameBytes} bytes`);
  const bytes = await reader.read(nameBytes);
  await padding(reader);
  if (bytes.indexOf(0) !== nameBytes - 1) throw new EifError('ERR_CPIO_NAME', 'a NUL that is not at the end, or none');
  let name: string;
  try {
    name = utf8.decode(bytes.subarray(0, -1));
  } catch (cause) {
    throw new EifError('ERR_CPIO_NAME', 'no UTF-8', cause);
  }
  return {
    name,
    st_mode: field(1),
    uid: field(2),
    gid: field(3),
    links: field(4),
    time: field(5),
    sizeBytes: field(6),
    major: field(9),
    minor: field(10),
  };
}

async function padding(reader: ChunkReader): Promise<void> {
  const bytes = await reader.read(-reader.offset & 3);
  if (bytes.some((byte) => byte !== 0))
    throw new EifError('ERR_CPIO_FORMAT', `padding that is not zero before byte ${reader.offset}`);
}

async function onlyZeros(reader: ChunkReader): Promise<void> {
  for await (const chunk of reader.rest())
    if (chunk.some((byte) => byte !== 0)) throw new EifError('ERR_CPIO_TRAILING');
}

function kindOf(mode: number): CpioEntry['kind'] {
  if (mode > 0xffff) throw new EifError('ERR_CPIO_FORMAT', `mode 0${mode.toString(8)}`);
  switch (mode & typeMask) {
    case fileTypes.directory:
      return 'directory';
    case fileTypes.file:
      return 'file';
    case fileTypes.symlink:
      return 'symlink';
    case fileTypes.characterDevice:
      return 'characterDevice';
    default:
      return 'other';
  }
}

/** Reads exact numbers of bytes from a stream with chunks of any size. */
export class ChunkReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #offset = 0;

  constructor(
    source: AsyncIterable<Uint8Array>,
    private readonly maxBytes: number,
  ) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The number of bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Returns a copy. @throws EifError ERR_CPIO_TRUNCATED, ERR_CPIO_TOO_LARGE */
  async read(sizeBytes: number): Promise<Uint8Array> {
    const out = new Uint8Array(sizeBytes);
    let done = 0;
    for await (const part of this.take(sizeBytes)) {
      out.set(part, done);
      done += part.length;
    }
    return out;
  }

  /** Yields the bytes in parts. Each part is valid until the next is requested. @throws EifError ERR_CPIO_TRUNCATED, ERR_CPIO_TOO_LARGE */
  async *take(sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = sizeBytes; left > 0;) {
      if (!(await this.#fill())) throw new EifError('ERR_CPIO_TRUNCATED', `at byte ${this.#offset}`);
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      this.#advance(part.length);
      yield part;
    }
  }

  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    while (await this.#fill()) {
      const part = this.#chunk;
      this.#chunk = new Uint8Array();
      this.#advance(part.length);
      yield part;
    }
  }

  /** @returns whether there is a byte */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
    }
    return true;
  }

  #advance(bytes: number): void {
    this.#offset += bytes;
    if (this.#offset > this.maxBytes) throw new EifError('ERR_CPIO_TOO_LARGE', `more than ${this.maxBytes} bytes`);
  }
}
