import { EifError } from '../errors';

/** Reads a stream that is cut anywhere by exact numbers of bytes. */
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

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** A copy. @throws EifError ERR_CPIO_TRUNCATED, ERR_CPIO_TOO_LARGE */
  async read(sizeBytes: number): Promise<Uint8Array> {
    const out = new Uint8Array(sizeBytes);
    let done = 0;
    for await (const part of this.take(sizeBytes)) {
      out.set(part, done);
      done += part.length;
    }
    return out;
  }

  /** Parts, each good until the next one is asked for. @throws EifError ERR_CPIO_TRUNCATED, ERR_CPIO_TOO_LARGE */
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
