import { type Problem } from '../registrar-error';

export interface CsvRow {
  /** Line number in the file, from 1; the header is line 1. */
  readonly line: number;
  /** The trimmed cells by column name. */
  readonly cells: ReadonlyMap<string, string>;
}

export interface Csv {
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
  /** All problems with the form of the file. If there are any, do not use `rows`. */
  readonly problems: readonly Problem[];
  /** Warnings about a readable file. */
  readonly remarks: readonly string[];
}

const MAX_CELL_CHARACTERS = 1000;
const NAMED_SEPARATOR = /^sep=(.)(?=\r?\n)/i;

/**
 * Reads CSV as spreadsheets write it (RFC 4180): with or without a byte-order mark, separated by commas, semicolons or tabs, with LF or
 * CRLF, in UTF-8 or else Windows-1252. It reports a problem for what it cannot read with certainty.
 * Windows-1252 is a guess, so it adds a remark.
 */
export function readCsv(bytes: Uint8Array): Csv {
  const remarks: string[] = [];
  const text = decode(bytes, remarks);
  if (typeof text !== 'string') return { columns: [], rows: [], problems: [text], remarks };
  const separator = separatorOf(text);
  // Replace Excel's own first line, which names the separator, by an empty line, so that the line numbers stay right.
  const { records, problems } = recordsOf(text.replace(NAMED_SEPARATOR, ''), separator);
  const [head, ...rest] = records;
  if (head === undefined) {
    return { columns: [], rows: [], problems: [...problems, { line: 1, text: 'the file is empty' }], remarks };
  }
  const columns = head.cells.map((name) => name.toLowerCase());
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined) problems.push({ line: head.line, text: `the column ${quoted(twice)} is there twice` });
  const rows: CsvRow[] = [];
  for (const { line, cells } of rest) {
    if (cells.length !== columns.length)
      problems.push({
        line,
        text: `${String(cells.length)} cells, but the first line names ${String(columns.length)} columns`,
      });
    else rows.push({ line, cells: new Map(columns.map((name, at) => [name, cells[at] ?? ''])) });
  }
  return { columns, rows, problems, remarks };
}

/** Returns a cell's text for a message: short, and without terminal control characters. */
export function quoted(text: string): string {
  const clean = text.replaceAll(/[^\x20-\x7e\u00a1-\u{2ffff}]/gu, '?');
  return `"${clean.length > 40 ? `${clean.slice(0, 40)}...` : clean}"`;
}

function decode(bytes: Uint8Array, remarks: string[]): string | Problem {
  if (bytes.includes(0))
    return { line: 1, text: 'not a CSV file in UTF-8: save it in the spreadsheet as "CSV UTF-8 (comma delimited)"' };
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/^\ufeff/, '');
  } catch {
    remarks.push(
      'the file is not UTF-8, so its names were read as Windows-1252: save it as "CSV UTF-8" if they look wrong',
    );
    return new TextDecoder('windows-1252', { ignoreBOM: true }).decode(bytes);
  }
}

/** Returns the separator that the first line names (`sep=;`) or contains most often. */
function separatorOf(text: string): string {
  const named = NAMED_SEPARATOR.exec(text)?.[1];
  if (named !== undefined) return named;
  const first = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const counts = [',', ';', '\t'].map((each) => [each, first.split(each).length] as const);
  return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

interface CsvRecord {
  readonly line: number;
  readonly cells: string[];
}

function recordsOf(text: string, separator: string): { records: CsvRecord[]; problems: Problem[] } {
  const records: CsvRecord[] = [];
  const problems: Problem[] = [];
  let [at, line] = [0, 1];
  while (at < text.length) {
    const record: CsvRecord = { line, cells: [] };
    for (;;) {
      const cell = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at, separator);
      if (cell.wrong !== undefined) problems.push({ line, text: cell.wrong });
      if (cell.value.length > MAX_CELL_CHARACTERS)
        problems.push({ line, text: 'a cell of more than 1,000 characters' });
      record.cells.push(cell.value.trim());
      line += cell.lines;
      at = cell.end;
      if (text[at] !== separator) break;
      at += 1;
    }
    if (text.startsWith('\r\n', at)) at += 2;
    else if (text[at] === '\n') at += 1;
    else if (at < text.length) {
      const what = text[at] === '\r' ? 'a line that ends with CR alone' : 'text behind a closing quotation mark';
      problems.push({ line, text: what });
      at = text.indexOf('\n', at) + 1 || text.length;
    }
    line += 1;
    // Spreadsheets leave lines of empty cells at the end.
    if (record.cells.some((cell) => cell !== '')) records.push(record);
  }
  return { records, problems };
}

interface Cell {
  readonly value: string;
  /** The position after the cell. */
  readonly end: number;
  /** The number of line ends in the cell. */
  readonly lines: number;
  readonly wrong?: string;
}

function quotedCell(text: string, start: number): Cell {
  let end = start + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end < 0)
      return { value: '', end: text.length, lines: 0, wrong: 'a quotation mark that is opened here is never closed' };
    if (text[end + 1] !== '"') break;
    end += 2;
  }
  const value = text.slice(start + 1, end).replaceAll('""', '"');
  return { value, end: end + 1, lines: value.split('\n').length - 1 };
}

function plainCell(text: string, start: number, separator: string): Cell {
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end += 1;
  const value = text.slice(start, end);
  return value.includes('"')
    ? { value, end, lines: 0, wrong: 'a quotation mark inside a cell that does not begin with one' }
    : { value, end, lines: 0 };
}
