import { congressAt, districtToField, formatDistrict, parseDistrict } from './district';
import { fieldToHex } from './field';

describe('a district', () => {
  it.each(['120-MT-01', '120-AK-00', '120-DC-00', '120-PR-00', '120-GU-00', '119-CA-52', '001-MA-08'])(
    '%s is parsed, and written again unchanged',
    (text) => {
      expect(Buffer.from(districtToField(text)).toString('latin1')).toBe(text.padStart(32, '\0'));
      expect(formatDistrict(parseDistrict(text))).toBe(text);
    },
  );

  it('is the big-endian number of its ASCII text', () => {
    expect(fieldToHex(districtToField('120-MT-01'))).toBe('3132302d4d542d3031'.padStart(64, '0'));
  });

  it.each([
    '',
    'MT-01',
    '120-MT-1',
    '120-mt-01',
    '120-MT-AL',
    '12-MT-01',
    '120_MT_01',
    '120-MT-01\n',
    ' 120-MT-01',
    '000-MT-01',
    '１20-MT-01',
  ])('refuses %j', (text) => {
    expect(() => districtToField(text)).toThrow(expect.objectContaining({ code: 'ERR_RESIDENCE_DISTRICT' }));
  });

  it('is not written from numbers that are not valid', () => {
    for (const [congress, seat] of [
      [1000, 1],
      [0, 1],
      [120, 100],
      [120, -1],
      [1.5, 1],
    ] as const)
      expect(() => formatDistrict({ congress, state: 'MT', seat })).toThrow(/not a district/);
  });
});

describe('the Congress in office', () => {
  it.each([
    ['2026-11-29T00:00:00Z', 119],
    ['2027-01-03T04:59:00Z', 119], // 2 January, 23:59 Eastern
    ['2027-01-03T16:59:59Z', 119],
    ['2027-01-03T17:00:00Z', 120],
    ['2028-06-01T00:00:00Z', 120],
    ['2029-01-03T16:59:59Z', 120],
    ['2029-01-03T17:00:00Z', 121],
    ['1935-01-03T17:00:00Z', 74],
  ])('at %s is the %dth', (time, congress) => {
    expect(congressAt(Date.parse(time) / 1000)).toBe(congress);
  });
});
