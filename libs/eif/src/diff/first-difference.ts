import type { InputFile } from '../io/input-file';

export interface Range {
  readonly file: InputFile;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** @returns where two ranges begin to differ, counted from their start (the end of the shorter one where it is the longer one's beginning), or undefined */
export async function firstDifference(a: Range, b: Range): Promise<number | undefined> {
  const common = Math.min(a.sizeBytes, b.sizeBytes);
  const [left, right] = [a.file.chunks(a.offset, common), b.file.chunks(b.offset, common)];
  for (let done = 0; done < common;) {
    const [one, other] = [await left.next(), await right.next()];
    if (one.done === true || other.done === true) break;
    if (Buffer.compare(one.value, other.value) !== 0) {
      let at = 0;
      while (one.value[at] === other.value[at]) at++;
      return done + at;
    }
    done += one.value.length;
  }
  return a.sizeBytes === b.sizeBytes ? undefined : common;
}
