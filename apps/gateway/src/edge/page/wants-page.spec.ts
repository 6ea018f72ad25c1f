import { wantsPage } from './wants-page';

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
])('returns for Accept %p whether the client gets the page: %p', (accept, wanted) => {
  expect(wantsPage(accept)).toBe(wanted);
});
