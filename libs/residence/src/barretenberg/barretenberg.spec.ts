import { verificationKey } from '../circuit';
import { PUBLIC_INPUTS } from '../statement';
import { committedProof } from '../testing';
import { Barretenberg, BarretenbergError, MAXIMUM_MEMORY_PAGES, reasonOf } from './barretenberg';
import { barretenbergModule } from './module.node';
import { FIRST_POINT, SECOND_GROUP_POINT } from './reference-string';
import { webAssembly } from './web-assembly';

const referenceString = { g1: FIRST_POINT, g2: SECOND_GROUP_POINT };
const { publicInputs, proof } = committedProof('ada roads');
const inputs = PUBLIC_INPUTS.map((name) => publicInputs[name]);

describe('on a device with little memory that names itself a Mac', () => {
  const { Memory } = webAssembly;
  const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  beforeEach(() => {
    Object.assign(webAssembly, {
      Memory: function (pages: { initial: number; maximum: number }) {
        if (!(pages.maximum <= 16_384)) throw new RangeError('could not allocate memory');
        return new Memory(pages);
      },
    });
    const userAgent = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15';
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true });
  });
  afterEach(() => {
    Object.assign(webAssembly, { Memory });
    if (navigator === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', navigator);
  });

  it('asks for at most 16,384 pages, and verifies', async () => {
    expect(MAXIMUM_MEMORY_PAGES).toBe(16_384);
    const barretenberg = new Barretenberg(await barretenbergModule(), referenceString);
    expect(barretenberg.verify(verificationKey(), inputs, proof)).toBe(true);
  });
});

it('refuses a reference string that is not of the ceremony', async () => {
  const module = await barretenbergModule();
  for (const g1 of [new Uint8Array(64), new Uint8Array(64).fill(1)])
    expect(() => new Barretenberg(module, { g1, g2: SECOND_GROUP_POINT })).toThrow(BarretenbergError);
  expect(() => new Barretenberg(module, { g1: FIRST_POINT, g2: new Uint8Array(128) })).toThrow(BarretenbergError);
});

it.each<[unknown, string]>([
  [new Error(''), 'Error'],
  [new RangeError('too much'), 'RangeError: too much'],
  ['text', 'an error of an unknown type'],
])('returns a reason for %p', (error, reason) => {
  expect(reasonOf(error)).toBe(reason);
});
