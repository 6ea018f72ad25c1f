import { checkCommitment, fieldFromHex } from '@communique-tee/residence';
import type { Problem } from '../registrar-error';
import { quoted, readCsv, type Csv, type CsvRow } from './csv';
import { PERSON_ID } from './person-id';

/** A person who asks to be registered. */
export interface Request {
  /** Line number in the file; 0 for a request on the command line. */
  readonly line: number;
  readonly person: string;
  /** The code that the person gave to the operator: 64 hex digits. */
  readonly commitment: string;
  /** As the operator wrote it; null if the operator left it to the check of residence. */
  readonly district: string | null;
  readonly name: string | null;
  readonly born: string | null;
  /** Whether the operator has checked that this is not the other person with the same name and birth date. */
  readonly distinct: boolean;
}

export interface Move {
  readonly line: number;
  readonly person: string;
  readonly district: string;
}

const REQUEST_COLUMNS = ['person', 'commitment', 'district', 'name', 'born', 'distinct'];
const MOVE_COLUMNS = ['person', 'district'];

export interface Read<T> {
  readonly items: readonly T[];
  readonly problems: readonly Problem[];
  readonly remarks: readonly string[];
}

/** @param needsDistrict whether the file must have the column `district`, because there is no check of residence */
export function readRequests(bytes: Uint8Array, needsDistrict: boolean): Read<Request> {
  const needed = ['person', 'commitment', ...(needsDistrict ? ['district'] : [])];
  return readRows(readCsv(bytes), REQUEST_COLUMNS, needed, requestOf);
}

export function readMoves(bytes: Uint8Array): Read<Move> {
  return readRows(readCsv(bytes), MOVE_COLUMNS, MOVE_COLUMNS, ({ line, cells }) => {
    const person = cells.get('person') ?? '';
    const wrong = wrongPerson(person);
    return wrong === null ? { line, person, district: cells.get('district') ?? '' } : wrong;
  });
}

/** @returns what is wrong with a person's id, or null */
export function wrongPerson(person: string): string | null {
  return PERSON_ID.test(person)
    ? null
    : `${quoted(person)} is no person id: 1 to 64 visible ASCII characters without comma, semicolon and quotation mark`;
}

/** @returns what is wrong with a commitment, without quoting it, or null */
export function wrongCommitment(commitment: string): string | null {
  if (!/^[0-9a-f]{64}$/.test(commitment))
    return `the commitment must be 64 characters of 0-9 and a-f; this one is not, and has ${String(commitment.length)} characters`;
  try {
    checkCommitment(fieldFromHex(commitment));
    return null;
  } catch {
    return 'no person’s secret can have this commitment';
  }
}

function requestOf({ line, cells }: CsvRow): Request | string {
  const [person = '', commitment = ''] = [cells.get('person'), cells.get('commitment')];
  const wrong = wrongPerson(person) ?? wrongCommitment(commitment);
  if (wrong !== null) return wrong;
  const distinct = cells.get('distinct') ?? '';
  if (distinct !== '' && distinct !== 'yes')
    return 'the column distinct must be empty, or yes if you have checked that this is another person';
  const cell = (name: string) => cells.get(name) || null;
  return {
    line,
    person,
    commitment,
    district: cell('district'),
    name: cell('name'),
    born: cell('born'),
    distinct: distinct === 'yes',
  };
}

function readRows<T extends object>(
  { columns, rows, problems: found, remarks }: Csv,
  known: readonly string[],
  needed: readonly string[],
  itemOf: (row: CsvRow) => T | string,
): Read<T> {
  const problems = [...found];
  const missing = needed.filter((name) => !columns.includes(name));
  const unknown = columns.filter((name) => !known.includes(name));
  if (columns.length > 0 && missing.length > 0)
    problems.push({ line: 1, text: `the first line names no column ${missing.join(', ')}` });
  if (unknown.length > 0)
    problems.push({
      line: 1,
      text: `the first line names a column ${quoted(unknown[0] ?? '')}; columns: ${known.join(', ')}`,
    });
  if (problems.length > 0) return { items: [], problems, remarks };
  const items: T[] = [];
  for (const row of rows) {
    const item = itemOf(row);
    if (typeof item === 'string') problems.push({ line: row.line, text: item });
    else items.push(item);
  }
  if (rows.length === 0) problems.push({ line: 1, text: 'the file has no line below the first one' });
  return { items, problems, remarks };
}
