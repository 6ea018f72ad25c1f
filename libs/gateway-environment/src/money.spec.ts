import * as fc from 'fast-check';
import { formatDollars, parseDollars } from './money';

describe('dollars', () => {
  it.each([
    ['10.00', 10_000_000n],
    ['0', 0n],
    ['0.000001', 1n],
    ['0.1', 100_000n],
    ['999999999.999999', 999_999_999_999_999n],
  ])('are read exactly from %s', (text, amount) => {
    expect(parseDollars(text)).toBe(amount);
  });

  it.each([
    '',
    ' 1',
    '1.',
    '.5',
    '-1',
    '+1',
    '1e3',
    '01',
    '1,00',
    '0x10',
    '1.0000001',
    'NaN',
    'Infinity',
    '10000000000',
    '١',
  ])('are not read from %j', (text) => {
    expect(parseDollars(text)).toBeUndefined();
  });

  it('are read as the amount that was written, for any amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 999_999_999_999_999n }), (amount) => {
        expect(parseDollars(formatDollars(amount))).toBe(amount);
      }),
    );
  });
});
