/** Length codes 257 to 285 and distance codes 0 to 29 (RFC 1951, section 3.2.5). */
export const lengthBase = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
export const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
export const distanceBase = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
export const distanceExtra = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
/** The order in which the lengths of the code length code are written (section 3.2.7). */
export const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

export const endOfBlock = 256;
export const minMatch = 3;
export const maxMatch = 258;
export const windowBytes = 32_768;

/** Length 3 to 258 -> index into the tables above. */
export const lengthIndex = indexOf(lengthBase, maxMatch);
/** Distance 1 to 32768 -> index into the tables above. */
export const distanceIndex = indexOf(distanceBase, windowBytes);

function indexOf(base: readonly number[], most: number): Uint8Array {
  const index = new Uint8Array(most + 1);
  let code = 0;
  for (let value = base[0] ?? 0; value <= most; value++) {
    while (value >= (base[code + 1] ?? Infinity)) code++;
    index[value] = code;
  }
  return index;
}
