/** Thrown with all problems of a stack's configuration at once, before anything is created. */
export class ConfigError extends Error {
  readonly code = 'invalid_config';
  /** The problems, one line each: the key, what is wrong with its value, and what would be right. */
  readonly problems: readonly string[];

  constructor(stack: string, problems: readonly string[]) {
    const lines = problems.map(oneLine);
    super(
      `The configuration of stack ${oneLine(stack)} cannot work; nothing was created.\n${lines.map((line) => `  - ${line}`).join('\n')}`,
    );
    this.problems = lines;
    this.name = 'ConfigError';
  }
}

const LONGEST_LINE = 600;

/** Makes a text short and printable, because a key or value may contain line feeds, terminal control codes or a megabyte. */
export function oneLine(text: string): string {
  const shown = text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return shown.length > LONGEST_LINE ? `${shown.slice(0, LONGEST_LINE)}…` : shown;
}
