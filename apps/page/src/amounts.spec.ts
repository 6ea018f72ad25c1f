import { dollars, hourAndMinute } from './amounts';

it('writes an amount of dollars, and never rounds a small amount to zero', () => {
  expect([1_234_567_890, 1230, 50, 49, 0].map(dollars)).toEqual([
    '$1,234.57',
    '$0.0012',
    '$0.0001',
    '< $0.0001',
    '$0.00',
  ]);
});

it('writes a time of day to the minute, in the reader’s own time', () => {
  expect(hourAndMinute(new Date(2026, 10, 22, 4, 5, 6).getTime())).toMatch(/^4:05\sAM$/);
});
