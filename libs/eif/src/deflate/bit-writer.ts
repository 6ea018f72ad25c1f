/** Bits from the lowest to the highest, as deflate wants them (RFC 1951, section 3.1.1). Grows as needed. */
export class BitWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;
  #bits = 0;
  #count = 0;

  /** @param count at most 16 */
  write(value: number, count: number): void {
    this.#bits |= value << this.#count;
    this.#count += count;
    while (this.#count >= 8) {
      this.#push(this.#bits & 0xff);
      this.#bits >>>= 8;
      this.#count -= 8;
    }
  }

  /** Fills up to a whole byte with zeros. */
  align(): void {
    if (this.#count > 0) this.write(0, 8 - this.#count);
  }

  /** Only after `align`. */
  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.#push(byte);
  }

  /** Takes the whole bytes written so far; the bits of a begun byte stay. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }
}
