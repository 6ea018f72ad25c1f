import { MAPPINGS } from '../../aws-api/mappings';
import { FINAL_SNAPSHOT, HELD, PROTECTED, UNIQUE } from './clashes';
import { REPLACING } from './replacing';
import { UNVERIFIED } from './sources';

type Row = readonly [name: string, source: string];
const rowsOf = (table: string, rows: Readonly<Record<string, { readonly source: string }>>): Row[] =>
  Object.entries(rows).map(([type, { source }]) => [`${table} ${type}`, source]);

const ofTheApi: readonly Row[] = [
  ...rowsOf('UNIQUE', UNIQUE),
  ...HELD.flatMap(({ type, by, source }) =>
    Object.keys(by).map((holder): Row => [`HELD ${type} by ${holder}`, source]),
  ),
  ...rowsOf('PROTECTED', PROTECTED),
  ...rowsOf('FINAL_SNAPSHOT', FINAL_SNAPSHOT),
];

/** Rows that were written from memory. To remove one here, compare it with a source and name that source in its table. A new row must have a source. */
const FROM_MEMORY = [
  'HELD aws:ec2/subnet:Subnet by aws:elasticache/subnetGroup:SubnetGroup',
  'HELD aws:ec2/subnet:Subnet by aws:rds/subnetGroup:SubnetGroup',
];

describe('the tables of the stand-in for AWS', () => {
  it('name a source for every row, except the listed rows from memory', () => {
    const unverified = [...rowsOf('REPLACING', REPLACING), ...ofTheApi].filter(([, source]) => source === UNVERIFIED);
    expect(unverified.map(([name]) => name)).toEqual(FROM_MEMORY);
  });

  it("name, in every row of REPLACING, the provider's source file and the commit that was read", () => {
    const wrong = Object.entries(REPLACING).filter(([type, { source }]) => {
      const [file, rest = ''] = source.split('@');
      return (
        source !== UNVERIFIED &&
        (file !== MAPPINGS[type]?.source || !/^[0-9a-f]{8}( \(2023 or before(, unchanged in 2024)?\))?$/.test(rest))
      );
    });
    expect(wrong).toEqual([]);
  });

  it("name, in every row of UNIQUE and HELD, an operation of AWS's models or a page", () => {
    const form = /^(botocore \d+\.\d+\.\d+ [a-z0-9-]+:[A-Z]\w+|https:\/\/\S+)$/;
    expect(ofTheApi.filter(([, source]) => source !== UNVERIFIED && !form.test(source))).toEqual([]);
  });

  it('name the operation that makes the resource as the source of the error for a name that is taken', () => {
    const operations = Object.entries(UNIQUE).flatMap(([type, { source }]) => {
      const [, operation] = /^botocore \S+ (\S+)$/.exec(source) ?? [];
      return operation === undefined ? [] : [[type, operation]];
    });
    expect(operations.filter(([type = '', operation]) => MAPPINGS[type]?.call !== operation)).toEqual([]);
  });
});
