/** Byte strings one after the other, as one value of a statement. */
export class JoinedBytes {
  private readonly parts: Uint8Array[] = [];
  private next = 1;

  /** @returns the place of these bytes, counted from 1 as SQL does; null if there are none */
  add(bytes: Uint8Array | undefined): { readonly start: number; readonly length: number } | null {
    if (bytes === undefined) return null;
    const part = { start: this.next, length: bytes.length };
    this.parts.push(bytes);
    this.next += bytes.length;
    return part;
  }

  joined(): Buffer {
    return Buffer.concat(this.parts);
  }
}
