import { negotiate } from './accept';

const offered = ['application/json', 'application/cose'] as const;

describe('negotiate', () => {
  it.each<[string | undefined, string | undefined]>([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/cose', 'application/cose'],
    ['APPLICATION/COSE', 'application/cose'],
    ['application/cose; cose-type="cose-sign1"', 'application/cose'],
    ['text/html, application/cose;q=0.5', 'application/cose'],
    ['application/json;q=0.5, application/cose', 'application/cose'],
    ['application/json, application/cose', 'application/json'],
    ['application/json;q=0, */*', 'application/cose'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/json'],
    ['text/html', undefined],
    ['', undefined],
    ['application/cose;q=0', undefined],
    ['application/cose;q=2', undefined],
    ['*/*;q=0.000', undefined],
    [','.repeat(100_000), undefined],
  ])('for Accept %j returns %s', (accept, type) => {
    expect(negotiate(accept, offered)).toBe(type);
  });
});
