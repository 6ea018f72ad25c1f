const PLURALS = { person: 'people', file: 'files', command: 'commands' } as const;

/** A number with its noun, such as "1 file" and "3 people". */
export function counted(count: number, noun: keyof typeof PLURALS): string {
  return `${String(count)} ${count === 1 ? noun : PLURALS[noun]}`;
}
