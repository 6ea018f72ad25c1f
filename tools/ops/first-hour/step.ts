/** Whether the step's assumption was `proved` or `refuted`; `not reached`: this run did not test the assumption. */
export type Verdict = 'proved' | 'refuted' | 'not reached';

/** Values that later steps need. They are in the state file and in the environment of commands, and never in the report. */
export const FACTS = ['ACCOUNT', 'INSTANCE', 'ADDRESS', 'CUSTODY', 'REPLACED'] as const;
export type Fact = (typeof FACTS)[number];
export type Facts = Readonly<Partial<Record<Fact, string>>>;

/** How a command ended. */
export interface Ended {
  /** undefined: a signal ended it, or it could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Seen {
  readonly verdict: Verdict;
  /** What the command showed, in this program's own words. Of AWS's answers it repeats only short checked words, such as a state. */
  readonly observed: string;
  readonly facts?: Facts;
}

export interface Step {
  readonly name: string;
  /** What the step shows if its verdict is `proved`. */
  readonly shows: string;
  /** What no test of this project proves. */
  readonly assumption: string;
  /** One bash command. STACK, AWS_REGION, DOMAIN and the facts are in its environment. */
  readonly command: string;
  readonly expected: string;
  /** What the command changes; the operator is asked first. Absent if the command only reads. */
  readonly changes?: string;
  readonly needs?: readonly Fact[];
  /** Asked after the command, because only a person can see the result. */
  readonly question?: string;
  /** Repeats the command while the verdict is `not reached`, because AWS needs time. */
  readonly again?: { readonly everySeconds: number; readonly forMinutes: number };
  /** The command's output goes to the terminal while it runs. */
  readonly shown?: true;
  /** `makes`: once the step was started, the stack must be removed. `removes`: the step runs only if the stack must be removed. */
  readonly stack?: 'makes' | 'removes';
  /** Unless the verdict is `proved`, only the removal of the stack still runs. */
  readonly ends?: true;
  judge(ended: Ended, facts: Facts): Seen;
}

export const proved = (observed: string, facts?: Facts): Seen => ({
  verdict: 'proved',
  observed,
  ...(facts !== undefined && { facts }),
});
export const refuted = (observed: string): Seen => ({ verdict: 'refuted', observed });
export const notReached = (observed: string): Seen => ({ verdict: 'not reached', observed });
