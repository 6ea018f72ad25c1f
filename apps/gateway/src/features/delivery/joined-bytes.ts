/** Byte strings one after the other, as one value of a statement. */
export class JoinedBytes {
  private readonly parts: Uint8Array[] = [];
  private next = 1;

  /** @returns where it is, counted from 1 as SQL does; null for none */
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
