export interface Output {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` is a terminal, on which a line can be overwritten. */
  readonly errIsTerminal: boolean;
}

/** Escapes control characters, with which a name in an image could control the terminal. */
export function printable(value: string): string {
  return value.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

/** On a terminal, shows a percentage on one line. `wipe` clears the line. */
export class ProgressLine {
  #shown = -1;

  constructor(
    private readonly output: Output,
    private readonly what: string,
  ) {}

  readonly show = (doneBytes: number, totalBytes: number): void => {
    if (!this.output.errIsTerminal) return;
    const percent = Math.floor((100 * doneBytes) / totalBytes);
    if (percent === this.#shown) return;
    this.#shown = percent;
    this.output.err(`\r${this.what} ${percent} %`);
  };

  wipe(): void {
    if (this.#shown >= 0) this.output.err(`\r${' '.repeat(this.what.length + 6)}\r`);
    this.#shown = -1;
  }
}
