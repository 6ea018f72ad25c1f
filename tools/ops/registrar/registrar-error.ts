export type RegistrarErrorCode =
  /** The register, its log or a key cannot be read, or was changed by something else. Exit code 78. */
  | 'ERR_REGISTRAR_UNREADABLE'
  /** Another process works with this register. */
  | 'ERR_REGISTRAR_LOCKED'
  /** The command cannot work on the register or a file in its present state: there is no key, or the campaign exists already. */
  | 'ERR_REGISTRAR_STATE'
  /** Lines of a file, or the command's arguments, break a rule. Nothing was changed. */
  | 'ERR_REGISTRAR_REFUSED'
  /** The check of residence failed as a whole. Nothing was changed. */
  | 'ERR_REGISTRAR_CHECK';

/** An error for the operator. The message may name ids of people, but no commitment and no salt. */
export class RegistrarError extends Error {
  override readonly name = 'RegistrarError';

  constructor(
    readonly code: RegistrarErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** A problem with a line of a file, or with the arguments. */
export interface Problem {
  /** Line number from 1; 0 for arguments. */
  readonly line: number;
  readonly text: string;
}

const MOST_SHOWN = 20;

/** @throws RegistrarError `ERR_REGISTRAR_REFUSED` with all problems, sorted by line, if there are any */
export function refuseIf(problems: readonly Problem[], nothingWas: string): void {
  if (problems.length === 0) return;
  const sorted = [...problems].sort((one, other) => one.line - other.line);
  const lines = sorted
    .slice(0, MOST_SHOWN)
    .map(({ line, text }) => (line === 0 ? text : `line ${String(line)}: ${text}`));
  if (sorted.length > MOST_SHOWN) lines.push(`and ${String(sorted.length - MOST_SHOWN)} more`);
  throw new RegistrarError('ERR_REGISTRAR_REFUSED', `${lines.join('\n')}\n${nothingWas}`);
}
