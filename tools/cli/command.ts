import type { Paint } from './output/terminal';
import type { Exit } from './failure';

/** The world as a command sees it; a test gives it another. */
export interface Context {
  /** Results, and nothing else, so that they can be read by a program. */
  readonly out: (text: string) => void;
  /** Steps, warnings and errors. */
  readonly err: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly paint: Paint;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** As it is typed: `verify`, `receipt verify`. */
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  readonly help: string;
  /** @throws Failure, and the coded errors of the libraries (exit-of.ts) */
  readonly run: (argv: readonly string[], context: Context) => Promise<Exit>;
}
