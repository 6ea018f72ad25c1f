import { duration, grouped, hexDump, instant } from './format';

it.each([
  [0, 'less than a second'],
  [999, 'less than a second'],
  [1000, '1 s'],
  [61_000, '1 min 1 s'],
  [-3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [26 * 3_600_000, '1 day 2 h'],
  [10_949 * 86_400_000, '29 years 364 days'],
])('%p ms is %p', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

it('writes a moment in UTC', () => {
  expect(instant(Date.UTC(2026, 10, 22, 4, 5, 6, 789))).toBe('2026-11-22 04:05:06 UTC');
});

it('dumps bytes in rows, and counts what it leaves out', () => {
  expect(
    hexDump(
      Uint8Array.from({ length: 18 }, (_, at) => at),
      100,
    ),
  ).toBe('00000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f\n00010  10 11');
  expect(hexDump(new Uint8Array(1040), 16)).toBe(
    `00000  ${'00 '.repeat(8)} ${'00 '.repeat(8)}`.trimEnd() + '\nand 1,024 bytes more',
  );
  expect(hexDump(new Uint8Array(), 16)).toBe('');
});

it('groups digits so that two can be compared', () => {
  expect(grouped('a'.repeat(20))).toBe('aaaaaaaa aaaaaaaa aaaa');
});
