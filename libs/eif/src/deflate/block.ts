import type { BitWriter } from './bit-writer';
import { huffman, type PrefixCode } from './huffman';
import { codeLengthOrder, distanceBase, distanceExtra, distanceIndex, endOfBlock, lengthBase, lengthExtra, lengthIndex } from './tables';

/** Literals and matches of one block. A token is a literal (below 256) or length << 16 | distance. */
export class Tokens {
  static readonly most = 32_768;
  readonly list = new Uint32Array(Tokens.most);
  length = 0;
  readonly literals = new Uint32Array(286);
  readonly distances = new Uint32Array(30);

  get full(): boolean {
    return this.length === Tokens.most;
  }

  literal(byte: number): void {
    this.list[this.length++] = byte;
    this.literals[byte] = at(this.literals, byte) + 1;
  }

  match(length: number, distance: number): void {
    this.list[this.length++] = (length << 16) | distance;
    const lengthSymbol = 257 + at(lengthIndex, length);
    const distanceSymbol = at(distanceIndex, distance);
    this.literals[lengthSymbol] = at(this.literals, lengthSymbol) + 1;
    this.distances[distanceSymbol] = at(this.distances, distanceSymbol) + 1;
  }

  clear(): void {
    this.length = 0;
    this.literals.fill(0);
    this.distances.fill(0);
  }
}

/** Writes a block with codes of its own (RFC 1951, section 3.2.7), or as it is where that is shorter (section 3.2.4). */
export function writeBlock(out: BitWriter, tokens: Tokens, raw: Uint8Array, last: boolean): void {
  tokens.literals[endOfBlock] = 1;
  const literalCode = huffman(tokens.literals, 15);
  const distanceCode = huffman(tokens.distances, 15);
  const description = describe(literalCode, distanceCode);
  const bits = description.bits + costOf(tokens.literals, literalCode, 257, lengthExtra) + costOf(tokens.distances, distanceCode, 0, distanceExtra);
  if (bits / 8 > raw.length + 5) {
    writeStored(out, raw, last);
    return;
  }
  out.write(last ? 1 : 0, 1);
  out.write(2, 2);
  description.write(out);
  const { lengths, codes } = literalCode;
  for (let i = 0; i < tokens.length; i++) {
    const token = at(tokens.list, i);
    if (token < 256) {
      out.write(at(codes, token), at(lengths, token));
      continue;
    }
    const [length, distance] = [token >>> 16, token & 0xffff];
    const l = at(lengthIndex, length);
    out.write(at(codes, 257 + l), at(lengths, 257 + l));
    if (at(lengthExtra, l) > 0) out.write(length - at(lengthBase, l), at(lengthExtra, l));
    const d = at(distanceIndex, distance);
    out.write(at(distanceCode.codes, d), at(distanceCode.lengths, d));
    if (at(distanceExtra, d) > 0) out.write(distance - at(distanceBase, d), at(distanceExtra, d));
  }
  out.write(at(codes, endOfBlock), at(lengths, endOfBlock));
}

const maxStored = 65_535;

function writeStored(out: BitWriter, raw: Uint8Array, last: boolean): void {
  for (let from = 0; from === 0 || from < raw.length; from += maxStored) {
    const part = raw.subarray(from, from + maxStored);
    out.write(last && from + maxStored >= raw.length ? 1 : 0, 1);
    out.write(0, 2);
    out.align();
    out.write(part.length, 16);
    out.write(~part.length & 0xffff, 16);
    out.bytes(part);
  }
}

function costOf(frequencies: Uint32Array, { lengths }: PrefixCode, extraFrom: number, extra: readonly number[]): number {
  return frequencies.reduce((bits, frequency, symbol) => bits + frequency * (at(lengths, symbol) + (extra[symbol - extraFrom] ?? 0)), 0);
}

/** Both codes, by the lengths of their codes, run lengths of them, in a third code. */
function describe(literals: PrefixCode, distances: PrefixCode): { bits: number; write(out: BitWriter): void } {
  const literalCount = Math.max(257, used(literals.lengths));
  const distanceCount = Math.max(1, used(distances.lengths));
  const runs = runLengths([...literals.lengths.subarray(0, literalCount), ...distances.lengths.subarray(0, distanceCount)]);
  const frequencies = new Uint32Array(19);
  for (const { symbol } of runs) frequencies[symbol] = at(frequencies, symbol) + 1;
  const { lengths, codes } = huffman(frequencies, 7);
  let count = 19;
  while (count > 4 && at(lengths, at(codeLengthOrder, count - 1)) === 0) count--;
  return {
    bits: 17 + 3 * count + runs.reduce((bits, { symbol, extraBits }) => bits + at(lengths, symbol) + extraBits, 0),
    write(out) {
      out.write(literalCount - 257, 5);
      out.write(distanceCount - 1, 5);
      out.write(count - 4, 4);
      for (const symbol of codeLengthOrder.slice(0, count)) out.write(at(lengths, symbol), 3);
      for (const { symbol, extra, extraBits } of runs) {
        out.write(at(codes, symbol), at(lengths, symbol));
        if (extraBits > 0) out.write(extra, extraBits);
      }
    },
  };
}

interface Run {
  readonly symbol: number;
  readonly extra: number;
  readonly extraBits: number;
}

/** 16: the one before, 3 to 6 times; 17 and 18: zero, 3 to 10 and 11 to 138 times. */
function runLengths(lengths: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < lengths.length; ) {
    const length = at(lengths, i);
    let count = 1;
    while (count < 139 && lengths[i + count] === length) count++;
    if (length === 0 && count >= 3) {
      count = Math.min(count, 138);
      runs.push(count >= 11 ? { symbol: 18, extra: count - 11, extraBits: 7 } : { symbol: 17, extra: count - 3, extraBits: 3 });
    } else if (count >= 4) {
      count = Math.min(count, 7);
      runs.push({ symbol: length, extra: 0, extraBits: 0 }, { symbol: 16, extra: count - 4, extraBits: 2 });
    } else {
      count = 1;
      runs.push({ symbol: length, extra: 0, extraBits: 0 });
    }
    i += count;
  }
  return runs;
}

function used(lengths: Uint8Array): number {
  let count = lengths.length;
  while (count > 0 && lengths[count - 1] === 0) count--;
  return count;
}

function at(list: ArrayLike<number>, index: number): number {
  return list[index] ?? 0;
}
