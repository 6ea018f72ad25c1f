import { heldArrayBufferBytes } from '@communique-tee/testing/harness';
import fc from 'fast-check';
import { LineSplitter, MAX_LINE_BYTES } from './line-splitter';

const split = (chunks: readonly Uint8Array[]) => {
  const lines: string[] = [];
  const splitter = new LineSplitter(({ bytes, cut }) =>
    lines.push(`${Buffer.from(bytes).toString('latin1')}${cut ? '|cut' : ''}`),
  );
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
};
const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('LineSplitter', () => {
  it('returns the same lines however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ maxLength: 20 }).map((text) => text.replaceAll('\n', ' ')),
          { minLength: 1 },
        ),
        fc.array(fc.nat(50)),
        (lines, cuts) => {
          const whole = Buffer.from(`${lines.join('\n')}\n`);
          const chunks: Uint8Array[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(whole.subarray(at, at + cut));
            at += cut;
          }
          chunks.push(whole.subarray(at));
          expect(split(chunks)).toEqual(lines.map((line) => Buffer.from(line).toString('latin1')));
        },
      ),
    );
  });

  it('returns a line of exactly 16 KiB whole, and cuts a longer one', () => {
    const full = 'a'.repeat(MAX_LINE_BYTES);
    expect(split([bytes(`${full}\n${full}b\nc\n`)])).toEqual([full, `${full}|cut`, 'c']);
  });

  it('returns the rest at the end as a line, unless it is empty', () => {
    expect(split([bytes('a\nb')])).toEqual(['a', 'b']);
    expect(split([bytes('a\n')])).toEqual(['a']);
    expect(split([])).toEqual([]);
  });

  it('buffers at most one line of a stream without newlines', async () => {
    const lines: number[] = [];
    const splitter = new LineSplitter(({ bytes: line }) => lines.push(line.length));
    const chunk = new Uint8Array(1024 * 1024).fill(0x61);
    const before = await heldArrayBufferBytes();
    for (let round = 0; round < 64; round++) splitter.push(chunk);
    expect((await heldArrayBufferBytes()) - before).toBeLessThan(16 * 1024 * 1024);
    splitter.end();
    expect(lines).toEqual([MAX_LINE_BYTES]);
  });
});
