export type Paint = (text: string, colour: 'good' | 'bad' | 'warn' | 'dim') => string;

const SGR = { good: 32, bad: 31, warn: 33, dim: 2 } as const;

/** Returns a function that colors text on a terminal, unless NO_COLOR is set (no-color.org) or TERM is dumb. */
export function painter(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Paint {
  const plain = !isTerminal || (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return plain ? (text) => text : (text, colour) => `\u001b[${String(SGR[colour])}m${text}\u001b[0m`;
}

/** Keeps only printable ASCII and ’. Names in a document or an answer come from its author, who could otherwise control the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e’]/g, '?');
}

/** Removes passwords from addresses. An error names a file as the person typed it, and that may be an address with a password. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(/(\/\/?)[^/\s@]*:[^/\s@]*@/g, '$1***@');
}

export function rows(pairs: readonly (readonly [name: string, value: string])[]): string {
  return pairs.map(([name, value]) => `  ${name.padEnd(12)}${value}\n`).join('');
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Returns a time in ISO 8601, or in milliseconds if it is too large for a Date. */
export function iso(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? `${String(ms)} ms` : time.toISOString();
}
