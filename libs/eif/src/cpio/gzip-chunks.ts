import { crc32 } from 'node:zlib';
import { Deflater, segmentBytes } from '../deflate/deflater';

/**
 * gzip (RFC 1952) without name and time, operating system "unknown". Padded with zeros to 4 bytes, which gzip(1) and the kernel skip, so that
 * another archive can follow.
 */
export async function* gzipChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const deflater = new Deflater();
  yield Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
  let [crc, total, written] = [0, 0, 10];
  // Always whole segments, so that the result does not depend on how the source is cut.
  const segment = new Uint8Array(segmentBytes);
  let filled = 0;
  for await (const chunk of source) {
    crc = crc32(chunk, crc);
    total += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + segment.length - filled);
      segment.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < segment.length) continue;
      const out = deflater.compress(segment, false);
      written += out.length;
      yield out;
      filled = 0;
    }
  }
  const last = deflater.compress(segment.subarray(0, filled), true);
  written += last.length;
  yield last;
  const end = new Uint8Array(8 + (-(written + 8) & 3));
  const view = new DataView(end.buffer);
  view.setUint32(0, crc, true);
  view.setUint32(4, total % 0x1_0000_0000, true);
  yield end;
}
