import type { Deployment } from './deployment';

/** One part of `npm run deploy`. It may run again, and detects what is done already. */
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

/** Why a step could not be done, in words for the person at the keyboard. Never with a secret. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';

  constructor(
    reason: string,
    /** What to do before the next try; one line each. */
    readonly todo: readonly string[] = [],
    readonly further: {
      /** Arguments for the next run; default: `--from` this step. */
      readonly goOn?: readonly string[];
      /** The person answered no, which is not an error. */
      readonly declined?: true;
    } = {},
  ) {
    super(reason);
  }
}

/** Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  /** @param todo what continues without this program, and how to stop it */
  constructor(readonly todo: readonly string[] = []) {
    super('interrupted');
  }
}

/** Of this command, as it is typed. */
export const deployCommand = (stack: string, ...more: readonly string[]): string =>
  ['npm run deploy --', '--stack', stack, ...more].join(' ');
