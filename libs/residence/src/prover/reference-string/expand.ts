// Computes y of points of BN254's first group. Aztec's hosts serve only x, and one bit that tells which of two roots is y.

/** The coordinates are integers modulo q (EIP-196). Because q mod 4 is 3, a single power gives a square root. */
const Q = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
const COMPRESSED_BYTES = 32;
const Y_IS_ODD = 1n << 255n;

/**
 * @param compressed 32 bytes a point: x, big-endian, with the top bit set if y is odd
 * @returns 64 bytes a point: x and y. The caller checks their hash
 * @throws RangeError if no point has this x
 */
export function expandPoints(compressed: Uint8Array): Uint8Array {
  const count = compressed.length / COMPRESSED_BYTES;
  const expanded = new Uint8Array(count * 64);
  for (let at = 0; at < count; at++) {
    const value = read(compressed.subarray(at * COMPRESSED_BYTES, (at + 1) * COMPRESSED_BYTES));
    const x = value & (Y_IS_ODD - 1n);
    const square = (x * x * x + 3n) % Q;
    const root = power(square, (Q + 1n) / 4n);
    if (x >= Q || (root * root) % Q !== square) throw new RangeError('not a point');
    const y = (root & 1n) === value >> 255n ? root : Q - root;
    write(expanded, at * 64, x);
    write(expanded, at * 64 + 32, y);
  }
  return expanded;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let left = exponent, square = base; left > 0n; left >>= 1n, square = (square * square) % Q)
    if ((left & 1n) === 1n) result = (result * square) % Q;
  return result;
}

function read(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function write(into: Uint8Array, at: number, value: bigint): void {
  const view = new DataView(into.buffer);
  for (let word = 24, left = value; word >= 0; word -= 8, left >>= 64n) view.setBigUint64(at + word, left, false);
}
