import { fieldToHex, h3, TAGS, ZERO_FIELD } from '@communique-tee/residence';
import { commitment, START } from '../testing/made-up';
import { readCsv } from './csv';
import { readDistrict } from './district-cell';
import { likenessOf, readBirthDate } from './likeness';
import { readMoves, readRequests } from './read-requests';

const bytes = (text: string) => Buffer.from(text);
const [one, two] = [commitment(1), commitment(2)];

describe('a CSV file', () => {
  const lines = ['person,commitment,district,name', `17,${one},119-MT-1,"O""Brien, José"`, `18,${two},119-AK-0,Ana`];
  const plain = `${lines.join('\n')}\n`;
  const expected = [
    { line: 2, person: '17', district: '119-MT-1', name: 'O"Brien, José' },
    { line: 3, person: '18', district: '119-AK-0', name: 'Ana' },
  ];

  it.each([
    ['commas and line feeds', bytes(plain)],
    ['a byte-order mark', bytes(`\ufeff${plain}`)],
    ['CRLF', bytes(lines.join('\r\n'))],
    ['semicolons', bytes(plain.replaceAll(/,(?! J)/g, ';'))],
    ['tabs', bytes(plain.replaceAll(/,(?! J)/g, '\t'))],
    ['empty lines at the end', bytes(`${plain}\n,,,\n\n`)],
    ['Latin-1', Buffer.from(plain, 'latin1')],
    ['capital letters and spaces in the header', bytes(plain.replace('person,commitment', ' Person , COMMITMENT'))],
  ])('is read with %s', (_, file) => {
    const { items, problems } = readRequests(file, true);
    expect(problems).toEqual([]);
    expect(items).toMatchObject(expected);
  });

  it('is read if its first line is the one in which Excel names the separator', () => {
    const { items, problems } = readMoves(bytes('sep=;\r\nperson;district\r\n17;119-MT-01\r\n'));
    expect({ items, problems }).toEqual({ items: [{ line: 3, person: '17', district: '119-MT-01' }], problems: [] });
  });

  it('yields a remark if it was read as Windows-1252', () => {
    expect(readRequests(Buffer.from(plain, 'latin1'), true).remarks).toEqual([
      expect.stringContaining('not UTF-8, so its names were read as Windows-1252'),
    ]);
    expect(readRequests(bytes(plain), true).remarks).toEqual([]);
  });

  it('has line numbers that count line breaks inside quotation marks', () => {
    const { rows, problems } = readCsv(bytes('a,b\n"1\n2\r\n3",x\ny,z\n1\n'));
    expect(rows.map(({ line }) => line)).toEqual([2, 5]);
    expect(problems).toEqual([{ line: 6, text: '1 cells, but the first line names 2 columns' }]);
  });
});

it.each([
  ['an unclosed quotation mark in the last line', `person,district\n17,119-MT-01\n18,"119-MT-02\n`, 3, 'never closed'],
  ['text behind a closing quotation mark', `person,district\n"17"x,119-MT-01\n`, 2, 'behind a closing quotation'],
  ['a quotation mark in the middle', `person,district\n1"7,119-MT-01\n`, 2, 'does not begin with one'],
  ['a lone CR', `person,district\n17,119-MT-01\r18,119-MT-01\n`, 2, 'CR alone'],
  ['a missing cell', `person,district\n17\n`, 2, '1 cells'],
  ['UTF-16', Buffer.from('\ufeffperson,district\n', 'utf16le'), 1, 'CSV UTF-8'],
  ['NULs', '\0\0\0\0', 1, 'CSV UTF-8'],
  ['no bytes', '', 1, 'the file is empty'],
  ['a header alone', 'person,district\n', 1, 'no line below'],
  ['two columns of the same name', 'person,district,person\n', 1, 'there twice'],
  ['a column that is unknown', 'person,district,zip\n17,119-MT-01,59601\n', 1, 'columns: person, district'],
  ['a column that is missing', 'person\n17\n', 1, 'no column district'],
  ['a person without an id', 'person,district\n,119-MT-01\n', 2, 'no person id'],
  ['a person id with a space', 'person,district\n1 7,119-MT-01\n', 2, 'no person id'],
])('refuses a file with %s, and names the line', (_, file, line, words) => {
  const { problems, items } = readMoves(typeof file === 'string' ? bytes(file) : file);
  expect(problems).toEqual(expect.arrayContaining([{ line, text: expect.stringContaining(words) as string }]));
  expect(items.length).toBeLessThan(2);
});

it.each([
  ['that is 0', '0'.repeat(64)],
  ['that is the modulus', '30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001'],
  ['with 63 digits', one.slice(1)],
  ['with 65 digits', `${one}0`],
  ['with capital digits', one.toUpperCase()],
  ['of the secret 0', fieldToHex(h3(ZERO_FIELD, ZERO_FIELD, ZERO_FIELD, TAGS.commitment))],
  ['with the prefix 0x', `0x${one.slice(2)}`],
])('refuses a commitment %s, and does not quote it', (_, code) => {
  const { items, problems } = readRequests(bytes(`person,commitment,district\n17,${code},119-MT-01\n`), true);
  expect(items).toEqual([]);
  expect(problems).toMatchObject([{ line: 2 }]);
  expect(JSON.stringify(problems)).not.toContain(code.slice(0, 40));
});

it.each([
  ['119-MT-07', 'MT has the seats 01 to 02'],
  ['119-MT-00', 'MT has the seats 01 to 02'],
  ['119-AK-01', 'AK has one seat: 119-AK-00'],
  ['119-AL-0', 'AL has the seats 01 to 07'],
  ['119-XX-01', 'XX is no state'],
  ['118-MT-01', 'Congress 118 has ended'],
  ['121-MT-01', 'Congress 121 is not the next one'],
  ['MT-01', 'not of the form'],
  ['MT-00', 'not of the form'],
  ['7', 'not of the form'],
])('refuses the district %s', (cell, words) => {
  expect(readDistrict(cell, START)).toEqual({ wrong: expect.stringContaining(words) as string });
});

it.each([
  ['119-WA-7', '119-WA-07'],
  ['120-WA-07', '120-WA-07'],
  ...['AK', 'DC', 'PR', 'GU', 'AS', 'VI', 'MP'].map((state) => [`119-${state}-0`, `119-${state}-00`]),
])('reads the district %s as %s', (cell, district) => {
  expect(readDistrict(cell, START)).toEqual({ district });
});

it('likenessOf is equal for all spellings of a name, and differs by birth date and by key', () => {
  const key = 'ab'.repeat(32);
  const spellings = ["Mary O'Brien", 'MARY OBRIEN', 'O Brien, Mary', 'Mary O’Brien', "Mary O'Bri\u0065n"];
  expect(new Set(spellings.map((name) => likenessOf(name, '1980-02-01', key))).size).toBe(1);
  expect(likenessOf('Jos\u00e9', '1980-02-01', key)).toBe(likenessOf('Jose\u0301', '1980-02-01', key));
  expect(likenessOf('Mary', '1980-02-01', key)).not.toBe(likenessOf('Mary', '1980-02-02', key));
  expect(likenessOf('Mary', '1980-02-01', key)).not.toBe(likenessOf('Mary', '1980-02-01', 'cd'.repeat(32)));
});

it.each([
  ['1980-02-01', '1980-02-01'],
  ['2/1/1980', '1980-02-01'],
  ['02/29/1980', '1980-02-29'],
  ['2/30/1980', null],
  ['1980-13-01', null],
  ['1/2/80', null],
])('reads the birth date %s as %s', (text, date) => {
  expect(readBirthDate(text)).toBe(date);
});
