import * as fc from 'fast-check';
import { closestName } from './closest-name';

const NAMES = ['TEE_ENDPOINT', 'METRICS_PORT', 'SYSTEM_HOURLY_LIMIT', 'ENCLAVE_TIMEOUT_MS'];

it.each([
  ['two letters swapped', 'TEE_ENDPIONT', 'TEE_ENDPOINT'],
  ['a letter left out', 'SYSTEM_HOURLY_LIMT', 'SYSTEM_HOURLY_LIMIT'],
  ['an ending left out', 'ENCLAVE_TIMEOUT', 'ENCLAVE_TIMEOUT_MS'],
  ['lower case', 'metrics_port', 'METRICS_PORT'],
  ['one wrong letter', 'METRICS_PQRT', 'METRICS_PORT'],
])('finds the name that is misspelled with %s', (_, misspelt, name) => {
  expect(closestName(misspelt, NAMES)).toBe(name);
});

it('finds no name for a text that is not close to any', () => {
  for (const name of ['', 'X', 'NODE_OPTIONS', 'LD_PRELOAD', 'TEE', 'T'.repeat(1_000_000)])
    expect(closestName(name, NAMES)).toBeUndefined();
});

it('finds every name with one character changed', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...NAMES),
      fc.nat(),
      fc.string({ unit: 'grapheme-ascii', maxLength: 1 }),
      (name, at, other) => {
        const place = at % name.length;
        expect(closestName(name.slice(0, place) + other + name.slice(place + 1), NAMES)).toBe(name);
      },
    ),
  );
});
