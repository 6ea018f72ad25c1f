import type { Command } from 'commander';
import type { Streams } from '@communique-tee/command-line';
import type { Exit } from './failure';
import type { OpenProver } from './residence/open-prover';
import type { Paint } from './output/terminal';

/** Everything outside a command; tests replace it. */
export interface Context extends Streams {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly paint: Paint;
  /** Asks the person at the terminal a yes-or-no question; absent without a terminal. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Makes proofs of residence; absent in an edition of the command that makes none. */
  readonly openProver?: OpenProver;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Turns a command's work into a commander action. The work gets the context, then commander's arguments and options. */
export type Run = <A extends unknown[]>(
  work: (context: Context, ...args: A) => Promise<Exit> | Exit,
) => (...args: A) => Promise<void>;

/**
 * Adds one command to the program: arguments, options, help and action.
 * The action throws Failure, and the coded errors of the libraries (exit-of.ts).
 */
export type AddCommand = (program: Command, run: Run) => Command;
