import { BitWriter } from './bit-writer';
import { Tokens, writeBlock } from './block';
import { maxMatch, minMatch, windowBytes } from './tables';

/** What is compressed at a time. */
export const segmentBytes = 1_048_576;

const windowMask = windowBytes - 1;
const hashBits = 16;
/** How many earlier places are looked at, and what match is good enough to stop: about zlib's level 6. */
const maxChain = 128;
const niceMatch = 128;

/**
 * Deflate (RFC 1951) in plain integer arithmetic. Node's zlib is not used, because what it writes depends on the machine:
 * Chromium's zlib hashes with the CPU's CRC-32 instruction where there is one (contrib/optimizations/insert_string.h), finds
 * other matches, and gives other bytes on another CPU. Here the same input gives the same bytes everywhere.
 */
export class Deflater {
  /** The window before the segment, then the segment. Places below are indexes into it. */
  readonly #buffer = new Uint8Array(windowBytes + segmentBytes);
  #history = 0;
  /** Place + 1 of the last three bytes with a hash, and for each place in the window that of the ones before it; 0 is none. */
  readonly #last = new Int32Array(1 << hashBits);
  readonly #before = new Int32Array(windowBytes);
  readonly #out = new BitWriter();
  readonly #tokens = new Tokens();

  /**
   * @param segment 1 MiB; the last one may be shorter, or empty
   * @returns what is ready; with the last segment all the rest
   */
  compress(segment: Uint8Array, last: boolean): Uint8Array {
    const end = this.#history + segment.length;
    this.#buffer.set(segment, this.#history);
    let blockStart = this.#history;
    const flush = (to: number): void => {
      writeBlock(this.#out, this.#tokens, this.#buffer.subarray(blockStart, to), last && to === end);
      this.#tokens.clear();
      blockStart = to;
    };

    let at = this.#history;
    let match = this.#insertAndFind(at, end);
    while (at < end) {
      const length = match >>> 16;
      const next = at + 1 < end ? this.#insertAndFind(at + 1, end) : 0;
      // A longer match one byte further is worth a literal.
      if (length < minMatch || next >>> 16 > length) {
        this.#tokens.literal(this.#buffer[at] ?? 0);
        at++;
        match = next;
      } else {
        this.#tokens.match(length, match & 0xffff);
        for (let i = at + 2; i < at + length; i++) this.#insert(i, end);
        at += length;
        match = this.#insertAndFind(at, end);
      }
      if (this.#tokens.full) flush(at);
    }
    if (blockStart < end || segment.length === 0) flush(end);
    if (last) this.#out.align();
    else this.#slide(end);
    return this.#out.take();
  }

  #slide(end: number): void {
    const by = end - windowBytes;
    this.#buffer.copyWithin(0, by, end);
    this.#history = windowBytes;
    // A multiple of the window, so that the indexes into #before stay what they are.
    for (const places of [this.#last, this.#before]) for (let i = 0; i < places.length; i++) places[i] = Math.max(0, (places[i] ?? 0) - by);
  }

  #insert(place: number, end: number): number {
    if (place + minMatch > end) return 0;
    const buffer = this.#buffer;
    const three = (buffer[place] ?? 0) | ((buffer[place + 1] ?? 0) << 8) | ((buffer[place + 2] ?? 0) << 16);
    const hash = Math.imul(three, 0x9e3779b1) >>> (32 - hashBits);
    const earlier = this.#last[hash] ?? 0;
    this.#before[place & windowMask] = earlier;
    this.#last[hash] = place + 1;
    return earlier;
  }

  /** @returns length << 16 | distance of the longest match, or 0 */
  #insertAndFind(place: number, end: number): number {
    let candidate = this.#insert(place, end) - 1;
    const buffer = this.#buffer;
    const most = Math.min(maxMatch, end - place);
    const farthest = Math.max(0, place - windowBytes);
    let [best, from] = [minMatch - 1, 0];
    for (let chain = maxChain; chain > 0 && candidate >= farthest; chain--) {
      if (buffer[candidate + best] === buffer[place + best] && buffer[candidate] === buffer[place]) {
        let length = 0;
        while (length < most && buffer[candidate + length] === buffer[place + length]) length++;
        if (length > best) {
          [best, from] = [length, candidate];
          if (length >= niceMatch || length === most) break;
        }
      }
      const earlier = (this.#before[candidate & windowMask] ?? 0) - 1;
      // Overwritten by a later place.
      if (earlier >= candidate) break;
      candidate = earlier;
    }
    return best < minMatch ? 0 : (best << 16) | (place - from);
  }
}
