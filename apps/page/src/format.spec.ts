import { duration, grouped, hexDump, instant, utc, wholeNumber } from './format';

it.each([
  [0, '< 1 sec'],
  [999, '< 1 sec'],
  [1000, '1 sec'],
  [61_000, '1 min 1 sec'],
  [-3_600_000, '1 hr'],
  [3_605_000, '1 hr'],
  [26 * 3_600_000, '1 day 2 hr'],
  [10_949 * 86_400_000, '29 yrs 364 days'],
])('%p ms is %p', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

it('writes a moment in the reader’s own time, and in UTC', () => {
  const ms = Date.UTC(2026, 10, 22, 4, 5, 6, 789);
  expect(utc(ms)).toBe('2026-11-22 04:05:06 UTC');
  expect(instant(ms)).toMatch(/2026/);
});

it('writes whole numbers', () => {
  expect(wholeNumber(12_345.6)).toBe('12,346');
});

it('dumps bytes in rows, and states how many bytes it leaves out', () => {
  const eighteen = Uint8Array.from({ length: 18 }, (_, at) => at);
  expect(hexDump(eighteen)).toBe('00000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f\n00010  10 11');
  expect(hexDump(new Uint8Array(1040), 16)).toBe(
    `00000  ${'00 '.repeat(8)} ${'00 '.repeat(8)}`.trimEnd() + '\nand 1,024 bytes more',
  );
  expect(hexDump(new Uint8Array())).toBe('');
});

it('groups hex digits so that people can compare two values', () => {
  expect(grouped('a'.repeat(20))).toBe('aaaaaaaa aaaaaaaa aaaa');
});
