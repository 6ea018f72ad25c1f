export type RegistrarErrorCode =
  /** The register, its log or a key cannot be read, or is not what it was when it was written. Exit code 78. */
  | 'ERR_REGISTRAR_UNREADABLE'
  /** Another process works with this register. */
  | 'ERR_REGISTRAR_LOCKED'
  /** There is no register, no key or no campaign of that name, or there is one already. */
  | 'ERR_REGISTRAR_STATE'
  /** Lines of a file, or what a command was given, break a rule. Nothing was changed. */
  | 'ERR_REGISTRAR_REFUSED'
  /** The check of residence failed as a whole. Nothing was changed. */
  | 'ERR_REGISTRAR_CHECK';

/** The message is for the operator. It holds person ids, but no commitment and no salt. */
export class RegistrarError extends Error {
  override readonly name = 'RegistrarError';

  constructor(
    readonly code: RegistrarErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** One thing that is wrong with one line (or with the arguments: line 0). */
export interface Problem {
  /** From 1; 0: not of a file. */
  readonly line: number;
  readonly text: string;
}

const MOST_SHOWN = 20;

/** All that is wrong, by line. @throws RegistrarError `ERR_REGISTRAR_REFUSED` if anything is */
export function refuseIf(problems: readonly Problem[], nothingWas: string): void {
  if (problems.length === 0) return;
  const sorted = [...problems].sort((one, other) => one.line - other.line);
  const lines = sorted
    .slice(0, MOST_SHOWN)
    .map(({ line, text }) => (line === 0 ? text : `line ${String(line)}: ${text}`));
  if (sorted.length > MOST_SHOWN) lines.push(`and ${String(sorted.length - MOST_SHOWN)} more`);
  throw new RegistrarError('ERR_REGISTRAR_REFUSED', `${lines.join('\n')}\n${nothingWas}`);
}
