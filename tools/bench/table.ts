import type { Row } from './measure';

/** Columns for people; a row that misses its aim is marked, nothing is hidden. */
export function table(title: string, rows: readonly Row[]): string {
  const cells = rows.map(({ what, rate, unit, reference, ratio, aim, note }) => [
    what,
    `${rate >= 100 ? rate.toFixed(0) : rate.toFixed(2)} ${unit}`,
    ratio === undefined ? '' : ratio.toFixed(2),
    reference ?? '',
    aim === undefined || ratio === undefined ? '' : `${aim.toFixed(2)} ${ratio >= aim ? 'met' : 'MISSED'}`,
    note ?? '',
  ]);
  const head = ['what', 'rate', 'ratio', 'of the reference', 'aim', ''];
  const widths = head.map((heading, column) => Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd();
  return [`\n${title}`, line(head), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}
