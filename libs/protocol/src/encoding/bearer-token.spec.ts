import { isBearerToken } from './bearer-token';

it.each([
  ['a'.repeat(8192), true],
  ['a'.repeat(8193), false],
  [`a${'='.repeat(8192)}`, false],
  ['az09AZ._~+/-==', true],
  ['', false],
  ['==', false],
  ['a=b', false],
  ['a b', false],
  ['a\r\nx: y', false],
  ['a\n', false],
  ['é', false],
])('reports whether %.20j (%#) is a bearer token: %j', (text, expected) => {
  expect(isBearerToken(text)).toBe(expected);
});
