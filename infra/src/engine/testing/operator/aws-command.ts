import type { Account } from '../../aws/account';

/** A refusal by AWS. The message begins with AWS's error code. */
export class AwsError extends Error {}
/** A refusal by the command `aws` itself, before it asks AWS. */
export class UsageError extends Error {}

/** How many values an option takes: one, at least one (`many`), or none (`flag`). */
type OptionKind = 'one' | 'many' | 'flag';

export class Given {
  constructor(private readonly options: ReadonlyMap<string, readonly string[]>) {}

  has(name: string): boolean {
    return this.options.has(name);
  }

  /** @throws UsageError if the option was not given */
  one(name: string): string {
    const [value] = this.many(name);
    if (value === undefined) throw new UsageError(`the following arguments are required: --${name}`);
    return value;
  }

  many(name: string): readonly string[] {
    return this.options.get(name) ?? [];
  }

  /** Reads a pair such as `--multi-az` and `--no-multi-az`. @returns `unless` if neither was given */
  either(name: string, unless: boolean): boolean {
    return this.has(name) || (unless && !this.has(`no-${name}`));
  }
}

export interface AwsCommand {
  readonly options: Readonly<Record<string, OptionKind>>;
  /**
   * @returns AWS's answer; undefined if nothing is printed
   * @throws AwsError, or the Error that `Account` throws
   */
  run(given: Given, account: Account, region: string): unknown;
}

interface Parsed extends Pick<AwsCommand, 'run'> {
  readonly given: Given;
  readonly query: string | undefined;
  readonly output: 'json' | 'text';
}

const OF_ALL: Readonly<Record<string, OptionKind>> = {
  query: 'one',
  output: 'one',
  region: 'one',
  'no-cli-pager': 'flag',
};

/**
 * @param commands the known commands by service and action, as typed: `rds wait db-instance-available`
 * @throws UsageError if a command, an option or the output type is not known, or an option has a wrong number of values
 */
export function parseCommand(args: readonly string[], commands: Readonly<Record<string, AwsCommand>>): Parsed {
  const at = args.findIndex((arg) => arg.startsWith('--'));
  const name = args.slice(0, at < 0 ? undefined : at).join(' ');
  const command = commands[name];
  if (command === undefined) throw new UsageError(`argument command: Invalid choice: ${name}`);
  const options = new Map<string, string[]>();
  let last: string[] = [];
  for (const arg of at < 0 ? [] : args.slice(at)) {
    if (!arg.startsWith('--')) {
      last.push(arg);
      continue;
    }
    last = [];
    options.set(arg.slice(2), last);
  }
  for (const [option, values] of options) {
    const kind = command.options[option] ?? OF_ALL[option];
    if (kind === undefined) throw new UsageError(`Unknown options: --${option}`);
    const isRight = kind === 'flag' ? values.length === 0 : kind === 'one' ? values.length === 1 : values.length > 0;
    if (!isRight) throw new UsageError(`argument --${option}: expected ${kind}, got ${String(values.length)} values`);
  }
  const output = options.get('output')?.[0] ?? 'json';
  if (output !== 'json' && output !== 'text') throw new UsageError(`Unknown output type: ${output}`);
  return { run: command.run, given: new Given(options), query: options.get('query')?.[0], output };
}
