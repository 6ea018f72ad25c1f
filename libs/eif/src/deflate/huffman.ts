/** Lengths and codes of a prefix code. A symbol of length 0 does not occur. */
export interface PrefixCode {
  readonly lengths: Uint8Array;
  /** Bits reversed, as deflate writes them: the first bit of the code is the lowest. */
  readonly codes: Uint16Array;
}

/** The best prefix code for these frequencies with no code longer than `maxLength`, or near to it where the bound bites. */
export function huffman(frequencies: Uint32Array, maxLength: number): PrefixCode {
  const lengths = new Uint8Array(frequencies.length);
  const symbols = Array.from(frequencies.keys()).filter((symbol) => at(frequencies, symbol) > 0);
  // Deflate wants a code even where there is nothing, or only one thing, to tell apart (RFC 1951, section 3.2.7).
  while (symbols.length < 2) symbols.push(symbols[0] === 0 ? 1 : 0);
  symbols.sort((a, b) => at(frequencies, a) - at(frequencies, b) || a - b);

  const perLength = limited(depths(symbols.map((symbol) => at(frequencies, symbol))), maxLength);
  // The rarest symbols get the longest codes.
  let next = 0;
  for (let length = maxLength; length > 0; length--) {
    for (let i = 0; i < (perLength[length] ?? 0); i++) lengths[symbols[next++] ?? 0] = length;
  }
  return { lengths, codes: canonicalCodes(lengths) };
}

/** Depth of each leaf in a Huffman tree over ascending weights: two queues, leaves and the nodes made of them. */
function depths(weights: readonly number[]): number[] {
  const count = weights.length;
  const weight = [...weights];
  const parent: number[] = [];
  let [leaf, node] = [0, count];
  const lightest = () => (node >= weight.length || (leaf < count && at(weight, leaf) <= at(weight, node)) ? leaf++ : node++);
  for (let made = count; made < 2 * count - 1; made++) {
    const [a, b] = [lightest(), lightest()];
    parent[a] = parent[b] = made;
    weight.push(at(weight, a) + at(weight, b));
  }
  const depth = new Array<number>(2 * count - 1).fill(0);
  for (let i = 2 * count - 3; i >= 0; i--) depth[i] = at(depth, at(parent, i)) + 1;
  return depth.slice(0, count);
}

/** How many codes of each length, cut at the bound, with room made for those that were cut (Kraft's sum stays 1). */
function limited(depth: readonly number[], maxLength: number): number[] {
  const perLength = new Array<number>(maxLength + 1).fill(0);
  for (const length of depth) perLength[Math.min(length, maxLength)] = at(perLength, Math.min(length, maxLength)) + 1;
  let sum = perLength.reduce((total, count, length) => total + (length === 0 ? 0 : count * 2 ** (maxLength - length)), 0);
  for (; sum > 2 ** maxLength; sum--) {
    let length = maxLength - 1;
    while (at(perLength, length) === 0) length--;
    perLength[length] = at(perLength, length) - 1;
    perLength[length + 1] = at(perLength, length + 1) + 2;
    perLength[maxLength] = at(perLength, maxLength) - 1;
  }
  return perLength;
}

/** RFC 1951, section 3.2.2. */
export function canonicalCodes(lengths: Uint8Array): Uint16Array {
  const count = new Array<number>(17).fill(0);
  for (const length of lengths) if (length > 0) count[length] = at(count, length) + 1;
  const next = new Array<number>(17).fill(0);
  for (let length = 1; length < 17; length++) next[length] = (at(next, length - 1) + at(count, length - 1)) << 1;
  return Uint16Array.from(lengths, (length) => {
    if (length === 0) return 0;
    let code = at(next, length);
    next[length] = code + 1;
    let reversed = 0;
    for (let i = 0; i < length; i++, code >>= 1) reversed = (reversed << 1) | (code & 1);
    return reversed;
  });
}

function at(list: ArrayLike<number>, index: number): number {
  return list[index] ?? 0;
}
