import type { Deployment } from './deployment';

/** One part of `npm run deploy`. It may be run again: it detects what is done already. */
export interface Step {
  /** The name that --from takes. */
  readonly name: string;
  /** What it does, in one line of --help and --plan. */
  readonly title: string;
  /** The commands that do the same by hand, with the stack in place of `<stack>`. */
  readonly byHand: readonly string[];
  /** @throws StepFailure, Interrupted */
  run(deployment: Deployment): Promise<void>;
}

/** Why a step failed, in words for the operator. It never contains a secret. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';

  constructor(
    reason: string,
    /** What to do before the next try; one line each. */
    readonly todo: readonly string[] = [],
    readonly further: {
      /** Arguments of the command that continues; default: `--from` this step. */
      readonly goOn?: readonly string[];
      /** The operator answered no, which is not an error. */
      readonly declined?: true;
    } = {},
  ) {
    super(reason);
  }
}

/** The operator interrupted the run. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  /** @param todo what continues in AWS without this program, and how to stop that; one line each */
  constructor(readonly todo: readonly string[] = []) {
    super('interrupted');
  }
}

/** @returns the command line of `npm run deploy` for the stack */
export const deployCommand = (stack: string, ...more: readonly string[]): string =>
  ['npm run deploy --', '--stack', stack, ...more].join(' ');
