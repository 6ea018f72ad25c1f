const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Applies `--query`. It supports the JMESPath that the operators' documents use: names, `[0]`, `[]` and `[one,other]`.
 * @throws Error if the expression has anything else
 */
export function queried(value: unknown, expression: string): unknown {
  if (expression === '') return value;
  const [, index] = /^\[(\d+)\]/.exec(expression) ?? [];
  if (index !== undefined)
    return queried(
      Array.isArray(value) ? (value[Number(index)] as unknown) : undefined,
      afterDot(expression, `[${index}]`),
    );
  if (expression.startsWith('[]'))
    return Array.isArray(value) ? value.map((each) => queried(each, afterDot(expression, '[]'))) : undefined;
  if (expression.startsWith('[') && expression.endsWith(']'))
    return split(expression.slice(1, -1)).map((each) => queried(value, each));
  const [name] = /^[A-Za-z]\w*/.exec(expression) ?? [];
  if (name === undefined) throw new Error(`Bad value for --query: ${expression}`);
  return queried(isRecord(value) ? value[name] : undefined, afterDot(expression, name));
}

const afterDot = (expression: string, begin: string): string => expression.slice(begin.length).replace(/^\./, '');

/** Splits a list at the commas that are outside brackets. */
function split(list: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of list) {
    depth += character === '[' ? 1 : character === ']' ? -1 : 0;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

/** Returns the value as `aws` prints it. As `text`, a list is one line; a list of lists has a line for each inner list. */
export function shown(value: unknown, output: 'json' | 'text'): string {
  if (output === 'json') return `${JSON.stringify(value ?? null, undefined, 4)}\n`;
  if (!Array.isArray(value)) return `${cell(value)}\n`;
  const rows = value.some(Array.isArray) ? value : [value];
  return rows.map((row) => `${(Array.isArray(row) ? row : [row]).map(cell).join('\t')}\n`).join('');
}

const cell = (value: unknown): string => {
  if (value === undefined || value === null) return 'None';
  if (typeof value === 'object')
    throw new Error('--output text: the documents print no objects, so this stand-in prints none');
  return String(value);
};
