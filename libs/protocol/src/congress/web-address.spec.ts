import fc from 'fast-check';
import { isWebAddress, toWebAddress } from './web-address';

it.each([
  ['https://example.org/a[1]|b', 'https://example.org/a%5B1%5D%7Cb'],
  ['https://example.org/?q={a}^`b', 'https://example.org/?q=%7Ba%7D%5E%60b'],
  ['https://example.org/#a#b[c]', 'https://example.org/#a%23b%5Bc%5D'],
  ['https://example.org/50%', 'https://example.org/50%25'],
  ['https://example.org/%5b', 'https://example.org/%5b'],
  ['HTTP://EXAMPLE.org:80/ü b', 'http://example.org/%C3%BC%20b'],
  ['https://bücher.example', 'https://xn--bcher-kva.example/'],
  ['https://example.org', 'https://example.org/'],
])('writes %s in the form that a message accepts', (given, address) => {
  expect(toWebAddress(given)).toBe(address);
  expect(isWebAddress(address)).toBe(true);
});

it.each([
  'example.org',
  'ftp://example.org/',
  'javascript:alert(1)',
  'https://user:pass@example.org/',
  'https://[::1]/',
  `https://example.org/${'x'.repeat(2000)}`,
  '',
])('returns null for %j', (given) => {
  expect(toWebAddress(given)).toBeNull();
});

it('writes an address that a message accepts, and leaves such an address unchanged', () => {
  fc.assert(
    fc.property(
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.string({ maxLength: 20 }),
      (url, end) => {
        const address = toWebAddress(`${url}${end}`);
        if (address === null) return;
        expect(isWebAddress(address)).toBe(true);
        expect(toWebAddress(address)).toBe(address);
        expect(new URL(address).href).toBe(address);
      },
    ),
  );
});
