import { crcOffset, headerBytes } from '../image/header';

const fields = [
  [0, 'magic'],
  [4, 'version'],
  [6, 'flags'],
  [8, 'default memory'],
  [16, 'default CPUs'],
  [24, 'reserved'],
  [26, 'number of sections'],
  [28, 'table of offsets'],
  [284, 'table of sizes'],
  [540, 'unused'],
  [crcOffset, 'checksum'],
] as const;

/** What stands at this byte of an image's header; undefined behind it. */
export function headerField(offset: number): string | undefined {
  return offset < headerBytes ? fields.findLast(([start]) => start <= offset)?.[1] : undefined;
}
