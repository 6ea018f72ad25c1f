import { CommandLine, UsageError } from '@communique-tee/command-line';
import type { AddCommand, Context, Run } from './command';
import { image } from './commands/image';
import { keys } from './commands/keys';
import { list } from './commands/list';
import { offices } from './commands/offices';
import { receipt } from './commands/receipt-verify';
import { seal } from './commands/seal';
import { send } from './commands/send';
import { endingOf } from './exit-of';
import { EXIT, Failure, usage, type Exit } from './failure';
import { json, printable, withoutPasswords } from './output/terminal';
import { status } from './status/status';
import { verify } from './verify/verify';

/** What differs between the command in a checkout and the one file for auditors (one-file/main.ts). */
export interface Edition {
  /** As a person types it, such as `node communique-tee.mjs`. */
  readonly name: string;
  /** What --version prints; undefined: the version of package.json. */
  readonly version?: string;
  /** Commands beside those that every edition has. */
  readonly more: readonly AddCommand[];
  /** The last part of the help: what to type first. */
  readonly firstSteps: (name: string) => string;
}

const COMMANDS: readonly AddCommand[] = [verify, keys, send, status, list, receipt, image, seal, offices];

const after = ({ name, firstSteps }: Edition) => `
Results go to standard output, with --json as one JSON object; steps and errors to standard error. Colors only on a
terminal, and not where NO_COLOR is set. COMMUNIQUE_TOKEN holds the sender's token, COMMUNIQUE_GATEWAY the gateway's address.

Exit code, for every command
  0    done: trusted, posted, delivered, verified
  1    refused: not trusted, not taken, not delivered, not verified; a code says why
  2    not understood: the arguments, or what a file holds
  3    not reached: no answer from the network, a file cannot be read or written
  4    still on its way (status, send --wait)
  130  interrupted

${firstSteps(name)}`;

/** Every command below one program. */
export function commandLine(context: Context, edition: Edition): CommandLine<Exit> {
  const line = new CommandLine<Exit>(
    edition.name,
    'Private messages to Congress through an attested enclave: verify it, an image or a receipt; send, follow.',
    context,
    edition.version,
  );
  line.program.addHelpText('after', after(edition));
  const run: Run = (work) => line.run((...args) => work(context, ...args));
  for (const add of [...COMMANDS, ...edition.more]) add(line.program, run);
  return line;
}

/** One call of the command. @returns the exit code */
export async function runCli(argv: readonly string[], context: Context, edition: Edition): Promise<Exit> {
  const line = commandLine(context, edition);
  try {
    return await Promise.race([line.execute(argv), interruption(context.signal)]);
  } catch (error) {
    return report(error instanceof UsageError ? usage(error.message) : error, line, argv, context);
  }
}

/** Not every wait ends by the signal: the command ends all the same. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const interrupted = () => {
      reject(new Failure('interrupted', 'interrupted'));
    };
    if (signal.aborted) interrupted();
    signal.addEventListener('abort', interrupted, { once: true });
  });
}

/** A program that asked for JSON gets JSON, also where the arguments could not be read. */
function report(error: unknown, line: CommandLine<Exit>, argv: readonly string[], { out, err, paint }: Context): Exit {
  const ending = endingOf(error);
  if (ending === undefined) throw error;
  const { exit, code, reason, problems, messageId } = ending;
  const message = withoutPasswords(ending.message);
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
      .map((text) => `  ${printable(text)}\n`)
      .join('')}`,
  );
  if (messageId !== undefined)
    err(
      `  message ${messageId}\n  To see where it is: ${line.program.name()} status ${messageId}\n  To post the same bytes once more, which the gateway takes once: ${line.program.name()} send --again ${messageId}\n`,
    );
  if (code === 'usage') err(`\n${line.hint(argv)}\n`);
  return exit;
}
