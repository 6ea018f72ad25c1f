import type { Account, AwsClients } from './aws/account';
import type { Plan } from './plan/read-plan';
import type { StackFile } from './plan/stack-file';
import type { Ports } from './ports';
import type { Redactor } from './redactor';

export type Status = 'pass' | 'warn' | 'fail' | 'skip';

/** One line of the report. */
export interface Finding {
  readonly status: Status;
  /** What was found. It never contains a secret. */
  readonly found: string;
  /** What to do about it. */
  readonly todo?: string;
  /** The command for `todo`: one line of bash, to run in the checkout. */
  readonly command?: string;
}

export const GROUPS = ['here', 'aws', 'names', 'stores', 'providers', 'congress'] as const;
export type Group = (typeof GROUPS)[number];

/** What a check needs. If it is missing, the check is skipped if another check reports the reason in the same run; otherwise it fails. */
export type Need = 'plan' | 'account';

export interface Check {
  /** The name that --only and --skip take. */
  readonly name: string;
  /** What the check proves, in one line of --help. */
  readonly title: string;
  readonly group: Group;
  /** Whether the check uses the network, so that --offline skips the check. */
  readonly network: boolean;
  readonly needs?: readonly Need[];
  run(context: Context): Promise<Finding | readonly Finding[]>;
}

export interface Context {
  readonly stack: string;
  readonly stackFile: StackFile;
  /** The stack's region. If the stack names none, this is AWS's default, and aws-credentials reports the missing region. */
  readonly region: string;
  /** With `up`, resources that `pulumi up` will make may be missing. With `opening`, they must exist. */
  readonly before: 'up' | 'opening';
  readonly ports: Ports;
  readonly redactor: Redactor;
  /** Aborted when this check's time limit has passed. */
  readonly signal: AbortSignal;
  /** For checks that need `plan`. @throws Unavailable */
  plan(): Promise<Plan>;
  /** For checks that need `account`. @throws Unavailable with AWS's error as its cause */
  account(): Promise<Account>;
  /** AWS's clients, for the stack's region and with the caller's credentials. */
  aws(): AwsClients;
}

/** Something that a check needs is not available. */
export class Unavailable extends Error {
  /** @param explainedBy the check that reports why; undefined if --offline is the reason */
  constructor(
    reason: string,
    readonly explainedBy?: string,
    cause?: unknown,
  ) {
    super(reason, { cause });
    this.name = 'Unavailable';
  }
}

const finding = (status: Status, found: string, todo?: string, command?: string): Finding => ({
  status,
  found,
  ...(todo !== undefined && { todo }),
  ...(command !== undefined && { command }),
});
export const pass = (found: string, todo?: string, command?: string): Finding => finding('pass', found, todo, command);
export const warn = (found: string, todo: string, command?: string): Finding => finding('warn', found, todo, command);
export const fail = (found: string, todo: string, command?: string): Finding => finding('fail', found, todo, command);
export const skip = (found: string, todo?: string): Finding => finding('skip', found, todo);

/** The finding for an error that `ranOutOfTime` recognizes. */
export const notInTime = (called: string): Finding =>
  fail(
    `${called} did not answer in time; not checked`,
    'run this again with a longer --timeout; if it stays, look at this machine’s network',
  );

/**
 * The finding if something is missing that `pulumi up` makes, or that the operator makes right after it. It is a warning before `up`, and a
 * failure before `opening`.
 */
export const notYet = ({ before }: Context, found: string, todo: string, command?: string): Finding =>
  finding(before === 'opening' ? 'fail' : 'warn', found, todo, command);
