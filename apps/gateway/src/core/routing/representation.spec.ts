import { isUnchanged, takesGzip } from './representation';

it.each<[string | undefined, boolean]>([
  [undefined, false],
  ['gzip', true],
  ['gzip, deflate, br', true],
  ['br;q=1.0, x-gzip;q=0.5', true],
  ['*', true],
  ['identity', false],
  ['gzip;q=0', false],
  ['gzip; q=0.000, *', false],
])('returns for Accept-Encoding %p whether gzip may be sent: %p', (header, takes) => {
  expect(takesGzip(header)).toBe(takes);
});

it.each<[string | undefined, boolean]>([
  [undefined, false],
  ['"a"', true],
  ['"b", W/"a"', true],
  ['*', true],
  ['a', false],
  ['"ab"', false],
])('returns for If-None-Match %p whether it names the ETag "a": %p', (header, unchanged) => {
  expect(isUnchanged(header, '"a"')).toBe(unchanged);
});
