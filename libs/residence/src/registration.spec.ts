import { fieldFromBigInt, registrationFromJson, registrationToJson } from './index';

const json = {
  version: 1,
  registrar: 'test-registrar',
  district: '120-MT-01',
  salt: `${'0'.repeat(62)}2a`,
  index: 7,
} as const;

it('reads a registration, and writes the same JSON again', () => {
  const registration = registrationFromJson(json);
  expect(registration).toEqual({
    registrar: 'test-registrar',
    district: '120-MT-01',
    salt: fieldFromBigInt(42n),
    index: 7,
  });
  expect(registrationToJson(registration)).toEqual(json);
});

it.each([
  ['null', null],
  ['a text', 'x'],
  ['another version', { ...json, version: 2 }],
  ['a member too many', { ...json, secret: 'x' }],
  ['a member missing', { ...json, salt: undefined }],
  ['a salt in capitals', { ...json, salt: json.salt.toUpperCase() }],
  ['a salt beyond the field', { ...json, salt: 'f'.repeat(64) }],
  ['a district without its Congress', { ...json, district: 'MT-01' }],
  ['a registrar that is no id', { ...json, registrar: 'Test' }],
  ['a place beyond the tree', { ...json, index: 2 ** 20 }],
  ['a place that is no number', { ...json, index: '7' }],
])('refuses %s', (_what, value) => {
  expect(() => registrationFromJson(value)).toThrow(expect.objectContaining({ code: 'ERR_RESIDENCE_REGISTRATION' }));
});
