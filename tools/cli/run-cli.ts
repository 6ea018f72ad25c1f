import type { Command, Context } from './command';
import { endingOf } from './exit-of';
import { EXIT, Failure, usage, type Exit } from './failure';
import { keys } from './commands/keys';
import { json, printable } from './output/terminal';
import { receiptVerify } from './commands/receipt-verify';
import { seal } from './commands/seal';
import { send } from './commands/send';
import { status } from './status/status';
import { token } from './commands/token';
import { groupOverview, overview } from './usage';
import { verify } from './verify/verify';

export const COMMANDS: readonly Command[] = [verify, keys, send, status, receiptVerify, seal, token];

/** One call of the command. @returns the exit code */
export async function runCli(argv: readonly string[], context: Context): Promise<Exit> {
  const asked = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const { command, rest } = find(asked);
  try {
    if (asked.length === 0 || isHelp(rest)) {
      context.out(command?.help ?? helpOf(asked));
      return EXIT.done;
    }
    if (command === undefined)
      throw usage(
        isGroup(asked[0])
          ? `${JSON.stringify(asked[0])} has commands of its own; which one?`
          : `${JSON.stringify(asked[0])} is no command`,
      );
    return await Promise.race([command.run(rest, context), interruption(context.signal)]);
  } catch (error) {
    return tell(error, command, asked, context);
  }
}

/** Not every wait ends by the signal: the command ends all the same. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(new Failure('interrupted', 'interrupted'));
    signal.addEventListener(
      'abort',
      () => {
        reject(new Failure('interrupted', 'interrupted'));
      },
      { once: true },
    );
  });
}

function find(argv: readonly string[]): { command: Command | undefined; rest: readonly string[] } {
  for (const command of COMMANDS) {
    const words = command.name.split(' ');
    if (words.every((word, at) => argv[at] === word)) return { command, rest: argv.slice(words.length) };
  }
  return { command: undefined, rest: argv };
}

function isHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

/** @throws Failure `usage` */
function helpOf([first]: readonly string[]): string {
  if (first === undefined || first.startsWith('-')) return overview(COMMANDS);
  if (!isGroup(first)) throw usage(`${JSON.stringify(first)} is no command`);
  return groupOverview(
    first,
    COMMANDS.filter(({ name }) => name.startsWith(`${first} `)),
  );
}

function isGroup(word: string | undefined): boolean {
  return word !== undefined && COMMANDS.some(({ name }) => name.startsWith(`${word} `));
}

/** Where the arguments could not be read, too, a program that asked for JSON gets JSON. */
function tell(
  error: unknown,
  command: Command | undefined,
  argv: readonly string[],
  { out, err, paint }: Context,
): Exit {
  const ending = endingOf(error);
  if (ending === undefined) throw error;
  const { exit, code, message, reason, problems, messageId } = ending;
  if (argv.includes('--json')) {
    out(
      json({
        ok: false,
        exit,
        code,
        message,
        ...(reason !== undefined && { reason }),
        ...(messageId !== undefined && { id: messageId }),
        ...(problems && { problems }),
      }),
    );
    return exit;
  }
  const word = exit === EXIT.refused ? paint('REFUSED', 'bad') : paint('ERROR', 'bad');
  err(
    `${word}  ${code}${reason === undefined ? '' : ` (${printable(reason)})`}\n${message
      .split('\n')
      .map((line) => `  ${printable(line)}\n`)
      .join('')}`,
  );
  if (messageId !== undefined)
    err(
      `  message ${messageId}; npx communique-tee status tells how it stands, send --again posts the same bytes once more: they are taken once\n`,
    );
  if (code === 'usage')
    err(`\nnpx communique-tee ${command === undefined ? '' : `${command.name} `}--help explains.\n`);
  return exit;
}
