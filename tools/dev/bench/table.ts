import { meets, type Row } from './measure';

/** Returns all rows as a text table. It marks rows that miss their aim or were not measured. */
export function table(title: string, rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    valueOf(row),
    row.ratio?.toFixed(2) ?? '',
    row.reference ?? '',
    aimOf(row),
    row.note ?? '',
  ]);
  const head = ['what', 'value', 'ratio', 'of the reference', 'aim', ''];
  const widths = head.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [`\n${title}`, line(head), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

const COUNTS: readonly Row['unit'][] = ['files', 'documents', 'messages', 'connections'];

function valueOf({ value, unit }: Row): string {
  return value === null
    ? 'not measured'
    : `${value >= 100 || COUNTS.includes(unit) ? value.toFixed(0) : value.toFixed(2)} ${unit}`;
}

function aimOf({ aim, ratio, mustBe, value }: Row): string {
  if (mustBe !== undefined) return `${String(mustBe)} ${value === mustBe ? 'met' : 'MISSED'}`;
  if (aim === undefined || ratio === undefined) return '';
  return `${'atLeast' in aim ? `>= ${aim.atLeast.toFixed(2)}` : `<= ${aim.atMost.toFixed(2)}`} ${meets(ratio, aim) ? 'met' : 'MISSED'}`;
}
