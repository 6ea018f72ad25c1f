/** Joins byte strings, so that an SQL statement gets them as one parameter. */
export class JoinedBytes {
  private readonly parts: Uint8Array[] = [];
  private next = 1;

  /** @returns where these bytes begin, counted from 1 as in SQL; null if `bytes` is undefined */
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
