import { pack, unpack, type Packed } from './message-pack';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

it.each<[Packed, string]>([
  [false, 'c2'],
  [true, 'c3'],
  [0, '00'],
  [127, '7f'],
  [128, 'cc80'],
  [256, 'cd0100'],
  [65_536, 'ce00010000'],
  ['', 'a0'],
  ['a'.repeat(32), `d920${'61'.repeat(32)}`],
  [new Uint8Array(2), 'c4020000'],
  [[], '90'],
  [[1, 'a'], '9201a161'],
  [{ a: true }, '81a161c3'],
])('writes %p in the shortest form of the specification, and reads it again', (value, bytes) => {
  expect(hex(pack(value))).toBe(bytes);
  expect(unpack(pack(value))).toEqual(value);
});

it.each([16, 255, 256, 65_535, 65_536])('reads back a list and bytes of length %d', (length) => {
  const value = { bytes: new Uint8Array(length).fill(7), items: Array.from({ length }, (_, at) => at) };
  expect(unpack(pack(value))).toEqual(value);
});

it.each(['', 'c4', 'c405aa', 'a5616263', '92', 'dfffffffff', 'ddffffffff', 'c0', 'ca00000000', '8101c3', 'c3c3'])(
  'refuses %p',
  (bytes) => {
    expect(() => unpack(Buffer.from(bytes, 'hex'))).toThrow(RangeError);
  },
);

it('refuses numbers that it cannot write', () => {
  for (const number of [-1, 0.5, 2 ** 32, NaN]) expect(() => pack(number)).toThrow(RangeError);
});
