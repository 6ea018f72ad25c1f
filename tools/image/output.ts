/** Where a command's words go. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` is a terminal, where a line can be written over. */
  readonly errIsTerminal: boolean;
}

/** Control characters would let an image's name write into the terminal. */
export function printable(value: string): string {
  return value.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

/** The percentage, on one line that is cleared at the end; only on a terminal. */
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
