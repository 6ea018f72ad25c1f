export type Paint = (text: string, colour: 'good' | 'bad' | 'warn' | 'dim') => string;

const SGR = { good: 32, bad: 31, warn: 33, dim: 2 } as const;

/** Returns a function that colors text on a terminal, unless NO_COLOR is set (no-color.org) or TERM is dumb. */
export function painter(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Paint {
  const plain = !isTerminal || (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return plain ? (text) => text : (text, colour) => `\u001b[${String(SGR[colour])}m${text}\u001b[0m`;
}

/** Keeps only printable ASCII and ’. The author of a document or an answer chooses the names in it, and could control the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e’]/g, '?');
}

/** Removes passwords from addresses. Errors name the requested file, and a person may have typed an address with a password instead. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(/(\/\/?)[^/\s@]*:[^/\s@]*@/g, '$1***@');
}

export function rows(pairs: readonly (readonly [name: string, value: string])[]): string {
  return pairs.map(([name, value]) => `  ${name.padEnd(12)}${value}\n`).join('');
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Returns a time in ISO 8601. A timestamp may be any number up to 2^53, which is more than a Date can have. */
export function iso(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? `${String(ms)} ms` : time.toISOString();
}
