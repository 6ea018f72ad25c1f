import { CommandLine, UsageError } from '@communique-tee/command-line';
import type { Context, Run } from './command';
import { keys } from './commands/keys';
import { list } from './commands/list';
import { offices } from './commands/offices';
import { receipt } from './commands/receipt-verify';
import { seal } from './commands/seal';
import { send } from './commands/send';
import { token } from './commands/token';
import { endingOf } from './exit-of';
import { EXIT, Failure, usage, type Exit } from './failure';
import { json, printable, withoutPasswords } from './output/terminal';
import { status } from './status/status';
import { verify } from './verify/verify';

const AFTER = `
Results go to standard output, with --json as one JSON object; steps and errors to standard error. Colors only on a
terminal, and not where NO_COLOR is set. COMMUNIQUE_TOKEN holds the sender's token, COMMUNIQUE_GATEWAY the gateway's address.

Exit code, for every command
  0    done: trusted, posted, delivered, verified
  1    refused: not trusted, not taken, not delivered, not verified; a code says why
  2    not understood: the arguments, or what a file holds
  3    not reached: no answer from the network, a file cannot be read or written
  4    still on its way (status, send --wait)
  130  interrupted

The first steps, with npm run demo in another terminal (it prints its PCR0)
  npx communique-tee verify --pcr0 <hex> --pcr3 <hex> --development-root .dev/development-root.pem
  npx communique-tee token --out .dev/token
  npx communique-tee send --message docs/examples/message.json --pcr0 <hex> --pcr3 <hex> --development-root .dev/development-root.pem \\
    --token-file .dev/token --wait
`;

/** Every command below one program. */
export function commandLine(context: Context): CommandLine<Exit> {
  const line = new CommandLine<Exit>(
    'npx communique-tee',
    'Private messages to Congress through an attested enclave: verify it, send, follow, check receipts.',
    context,
  );
  line.program.addHelpText('after', AFTER);
  const run: Run = (work) => line.run((...args) => work(context, ...args));
  for (const add of [verify, keys, send, status, list, receipt, seal, offices, token]) add(line.program, run);
  return line;
}

/** One call of the command. @returns the exit code */
export async function runCli(argv: readonly string[], context: Context): Promise<Exit> {
  const line = commandLine(context);
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
      `  message ${messageId}\n  To see where it is: npx communique-tee status ${messageId}\n  To post the same bytes once more, which the gateway takes once: npx communique-tee send --again ${messageId}\n`,
    );
  if (code === 'usage') err(`\n${line.hint(argv)}\n`);
  return exit;
}
