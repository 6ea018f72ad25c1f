import { isUnchanged, takesGzip, wantsPage } from './conditions';

it.each<[string | undefined, boolean]>([
  [undefined, true],
  ['*/*', true],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['application/json, text/html', true],
  ['application/json', false],
  ['application/problem+json', false],
  ['application/json, text/plain, */*', false],
  ['application/cose', false],
  ['', false],
  [`${'a,'.repeat(5000)}text/html`, false],
])('Accept: %p wants the page: %p', (accept, wanted) => {
  expect(wantsPage(accept)).toBe(wanted);
});

it.each<[string | undefined, boolean]>([
  [undefined, false],
  ['gzip', true],
  ['gzip, deflate, br', true],
  ['br;q=1.0, x-gzip;q=0.5', true],
  ['*', true],
  ['identity', false],
  ['gzip;q=0', false],
  ['gzip; q=0.000, *', false],
])('Accept-Encoding: %p takes gzip: %p', (header, takes) => {
  expect(takesGzip(header)).toBe(takes);
});

it.each<[string | undefined, boolean]>([
  [undefined, false],
  ['"a"', true],
  ['"b", W/"a"', true],
  ['*', true],
  ['a', false],
  ['"ab"', false],
])('If-None-Match: %p is unchanged: %p', (header, unchanged) => {
  expect(isUnchanged(header, '"a"')).toBe(unchanged);
});
