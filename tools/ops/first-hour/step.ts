/** `proved` and `refuted` are about the step's assumption; `not reached`: this run did not test it. */
export type Verdict = 'proved' | 'refuted' | 'not reached';

/** What later steps need. They are in the state file and in the environment of commands, and never in the report. */
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
  /** In this program's own words, with numbers and states; it never repeats AWS's answers. */
  readonly observed: string;
  readonly facts?: Facts;
}

export interface Step {
  readonly name: string;
  /** What it shows. */
  readonly shows: string;
  /** What no test of this project proves. */
  readonly assumption: string;
  /** One command of bash. STACK, AWS_REGION, DOMAIN and the facts are in its environment. */
  readonly command: string;
  readonly expected: string;
  /** What it changes; the operator is asked first. None: it only reads. */
  readonly changes?: string;
  readonly needs?: readonly Fact[];
  /** Only a person can see it: asked after the command. */
  readonly question?: string;
  /** AWS takes its time: the command is repeated while the step is not reached. */
  readonly again?: { readonly everySeconds: number; readonly forMinutes: number };
  /** Its output goes to the terminal while it runs. */
  readonly shown?: true;
  /** `makes`: after its first try the stack must be removed. `removes`: runs only if the stack must be removed. */
  readonly stack?: 'makes' | 'removes';
  /** If it is not proved, only the removal runs after it. */
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
