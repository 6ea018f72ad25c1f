import { Command, CommanderError } from 'commander';
import { isSystemError } from './system-error';
// eslint-disable-next-line @nx/enforce-module-boundaries -- every tool has the version of the workspace
import { version } from '../../../package.json';

/** Where a command writes: results to `out`; steps, warnings and errors to `err`. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

export const terminal: Streams = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

/** The exit code of every tool after wrong arguments. */
export const EXIT_NOT_UNDERSTOOD = 2;
/** The exit code of every tool that failed with valid arguments. */
const EXIT_FAILED = 1;

/** The exit code when the reader of the output is gone: 128 plus the number of SIGPIPE. */
const EXIT_NO_READER = 141;

/** The end of a tool's help, for a tool with only these exit codes. */
export const EXIT_CODES = `
Exit code
  0  done
  1  it could not be done, and why
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

/** The arguments are wrong. The program shows the message to the person who called it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * One program: its commands, `--help`, `--version`, and suggestions for misspelled words. `--help` runs no command.
 *
 * @example
 * const line = new CommandLine('npm run tool --', 'Does the work.');
 * line.program.option('--json', 'print JSON').action(line.run((options: Options) => work(options)));
 * process.exitCode = await line.parse(process.argv.slice(2));
 */
export class CommandLine<Exit extends number = number> {
  readonly program: Command;
  private exit: Exit | 0 = 0;

  /**
   * @param name the program as a person types it, the start of every usage line
   * @param versionText the output of --version
   */
  constructor(
    name: string,
    description: string,
    private readonly streams: Streams = terminal,
    versionText: string = version,
  ) {
    this.program = new Command(name)
      .description(description)
      .version(versionText, '-V, --version', 'print the version')
      .helpOption('-h, --help', 'print this help')
      .helpCommand(false)
      // A command may have its own `--version`, as in `image pack --version 2`.
      .enablePositionalOptions()
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: (text) => {
          streams.out(text);
        },
        // Nothing is printed here: `execute` throws, so that its caller can report a problem as text or as JSON.
        writeErr: () => undefined,
        outputError: () => undefined,
        getOutHelpWidth: () => 120,
        getOutHasColors: () => false,
      });
  }

  /** Returns an action for `Command.action`. The return value of `work` becomes the exit code. */
  run<A extends unknown[]>(work: (...args: A) => Promise<Exit> | Exit): (...args: A) => Promise<void> {
    return async (...args) => {
      this.exit = await work(...args);
    };
  }

  /**
   * Runs the command that the arguments name.
   * @returns its exit code; 0 after --help and --version, and after the help that a program with commands prints without arguments
   * @throws UsageError, and what the command throws
   */
  async execute(argv: readonly string[]): Promise<Exit | 0> {
    const asked = helpFirst(argv, this.program.commands.length > 0);
    const { command, known } = this.find(asked);
    // `--help` after a misspelled command would print the help of the whole program, so the arguments after the command are cut off.
    const misspelt = command.commands.length > 0 && isWord(asked[known]);
    try {
      await this.program.parseAsync(misspelt ? asked.slice(0, known + 1) : asked, { from: 'user' });
      return this.exit;
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.code === 'commander.help' && error.exitCode !== 0)
        throw new UsageError(`name a command: ${command.commands.map((each) => each.name()).join(', ')}`);
      if (error.exitCode === 0) return 0;
      throw new UsageError(withoutValues(error));
    }
  }

  /**
   * Like `execute`, but prints a UsageError and an error of the operating system, for example about a file or a port.
   * @returns the exit code; 2 for wrong arguments, 1 for an error of the operating system
   */
  async parse(argv: readonly string[]): Promise<number> {
    if (this.streams === terminal) endWithReader();
    try {
      return await this.execute(argv);
    } catch (error) {
      if (isSystemError(error)) {
        this.streams.err(`${error.message || error.code}\n`);
        return EXIT_FAILED;
      }
      if (!(error instanceof UsageError)) throw error;
      this.streams.err(`${error.message}\n${this.hint(argv)}\n`);
      return EXIT_NOT_UNDERSTOOD;
    }
  }

  /** Returns the command line that shows the help for these arguments. */
  hint(argv: readonly string[]): string {
    const { command } = this.find(argv);
    const names: string[] = [];
    for (let each: Command | null = command; each !== null; each = each.parent) names.unshift(each.name());
    return `${names.join(' ')} --help lists what it takes.`;
  }

  /** Returns the deepest command that the first arguments name, and how many arguments name it. */
  private find(argv: readonly string[]): { command: Command; known: number } {
    let command = this.program;
    let known = 0;
    for (;;) {
      const next = command.commands.find((each) => each.name() === argv[known]);
      if (next === undefined) return { command, known };
      command = next;
      known += 1;
    }
  }
}

/** Ends the program silently when the reader of its output is gone (`npm run tool | head -1`). */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT_NO_READER);
  });
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** For a program with commands, turns `help x` into `x --help`, and no arguments into `--help`. */
function helpFirst(argv: readonly string[], hasCommands: boolean): readonly string[] {
  if (!hasCommands) return argv;
  if (argv.length === 0) return ['--help'];
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
}

/** Returns commander's message without the values of arguments: a person may have typed a secret in the wrong place. */
function withoutValues({ code, message }: CommanderError): string {
  const words = message.replace(/^error: /, '');
  if (code === 'commander.excessArguments') return words.replace(/(but got \d+): [^]*$/, '$1');
  return words.replace(/^(unknown option '[^'=]*)=[^']*'/, "$1'");
}

function isWord(argument: string | undefined): boolean {
  return argument !== undefined && !argument.startsWith('-');
}
