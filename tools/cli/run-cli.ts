import { CommandLine, UsageError } from '@communique-tee/command-line';
import type { AddCommand, Context, Run } from './command';
import { agent } from './commands/agent';
import { image } from './commands/image';
import { keys } from './commands/keys';
import { list } from './commands/list';
import { offices } from './commands/offices';
import { receipt } from './commands/receipt-verify';
import { seal } from './commands/seal';
import { send } from './commands/send';
import type { WhetherSent } from '@communique-tee/client';
import { endingOf, type Ending } from './exit-of';
import { EXIT, Failure, usage, type Exit } from './failure';
import type { OpenProver } from './residence/open-prover';
import { json, printable, withoutPasswords } from './output/terminal';
import { status } from './status/status';
import { verify } from './verify/verify';

/** What differs between the command in a checkout and the one file for auditors (one-file/main.ts). */
export interface Edition {
  /** How a person starts the command, such as `node communique-tee.mjs`. */
  readonly name: string;
  /** What --version prints; undefined: the version of package.json. */
  readonly version?: string;
  /** Commands that only this edition has. */
  readonly more: readonly AddCommand[];
  /** Absent if this edition makes no proofs of residence. */
  readonly openProver?: OpenProver;
  /** The last part of the help: what to type first. */
  readonly firstSteps: (name: string) => string;
}

const COMMANDS: readonly AddCommand[] = [verify, keys, send, status, list, receipt, image, seal, offices, agent];

const after = ({ name, firstSteps }: Edition) => `
Results go to standard output; steps and errors go to standard error. With --json, standard output gets one JSON object, for an
error too. Output has colors only on a terminal, and none if NO_COLOR is set. COMMUNIQUE_TOKEN holds the sender's token,
COMMUNIQUE_GATEWAY the gateway's address.

Exit code, for every command
  0    done: trusted, posted, delivered, verified
  1    refused: not trusted, not accepted, not delivered, not verified; a code says why
  2    an argument, or the content of a file, was not understood: the error names it
  3    not reached: no answer from the network, a file cannot be read or written
  4    still on its way (status, send --wait)
  130  interrupted

${firstSteps(name)}`;

/** How long an interrupted command may take to report what it knows. */
const GRACE_MS = 1000;

export function commandLine(context: Context, edition: Edition): CommandLine<Exit> {
  const line = new CommandLine<Exit>(
    edition.name,
    'Private messages to Congress through an attested enclave: verify an enclave, an image or a receipt; send and follow messages.',
    context,
    edition.version,
  );
  line.program.addHelpText('after', after(edition));
  const { openProver } = edition;
  const world = { ...context, ...(openProver && { openProver }) };
  const run: Run = (work) => line.run((...args) => work(world, ...args));
  for (const add of [...COMMANDS, ...edition.more]) add(line.program, run);
  return line;
}

/** @returns the exit code */
export async function runCli(argv: readonly string[], context: Context, edition: Edition): Promise<Exit> {
  const line = commandLine(context, edition);
  const interruption = interruptionBy(context.signal);
  try {
    return await Promise.race([line.execute(argv), interruption.thrown]);
  } catch (error) {
    return report(error instanceof UsageError ? usage(error.message) : error, line, argv, context);
  } finally {
    interruption.end();
  }
}

/** Rejects `thrown` a second after an interruption. Normally the command ends by itself before that. */
function interruptionBy(signal: AbortSignal): { readonly thrown: Promise<never>; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  let interrupted = (): void => undefined;
  const thrown = new Promise<never>((_, reject) => {
    interrupted = () => {
      timer = setTimeout(() => {
        reject(new Failure('interrupted', 'interrupted'));
      }, GRACE_MS);
    };
    if (signal.aborted) interrupted();
    else signal.addEventListener('abort', interrupted, { once: true });
  });
  return {
    thrown,
    end: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupted);
    },
  };
}

/** Returns how the command ends. After an interruption every error counts as `interrupted`. */
function endingBy(error: unknown, { signal }: Context): Ending | undefined {
  const ending = endingOf(error);
  if (!signal.aborted) return ending;
  const { sent, messageId } = ending ?? {};
  return {
    exit: EXIT.interrupted,
    code: 'interrupted',
    message: 'interrupted',
    ...(sent !== undefined && { sent }),
    ...(messageId !== undefined && { messageId }),
  };
}

const SENT_WORDS: Readonly<Record<WhetherSent, string>> = {
  not_sent: 'It was not sent.',
  not_known: 'We do not know yet whether it was sent.',
  accepted: 'The gateway has it.',
};

/** For a message with a proof that was sealed again and refused, because the gateway keeps the nullifier of a message that it relayed. */
const MAY_BE_DELIVERED =
  'It may have been delivered before the enclave lost its key. The gateway accepts only one message with a proof per campaign.';

/** Prints an error and returns its exit code. With --json the error is JSON, even if the arguments could not be read. */
function report(error: unknown, line: CommandLine<Exit>, argv: readonly string[], context: Context): Exit {
  const { out, err, paint } = context;
  const ending = endingBy(error, context);
  if (ending === undefined) throw error;
  const { exit, code, reason, problems, messageId, sent, isFinal } = ending;
  const message = withoutPasswords(ending.message);
  if (argv.includes('--json')) {
    out(
      json({
        ok: false,
        exit,
        code,
        message,
        ...(reason !== undefined && { reason }),
        ...(sent !== undefined && { sent }),
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
  // A message of several lines already lists the problems
  if (!message.includes('\n')) for (const problem of problems ?? []) err(`  ${printable(problem.message)}\n`);
  if (sent !== undefined && code !== 'usage') err(`  ${SENT_WORDS[sent]}\n`);
  if (sent !== undefined && messageId !== undefined && isFinal !== true)
    err(nextSteps(line.program.name(), messageId, sent));
  if (sent === 'accepted' && reason === 'already_sent') err(`  ${MAY_BE_DELIVERED}\n`);
  if (code === 'usage') err(`\n${line.hint(argv)}\n`);
  return exit;
}

function nextSteps(name: string, id: string, sent: WhetherSent): string {
  const status = `  To see where it is: ${name} status ${id}\n`;
  const again = `  To post the same bytes, which the gateway accepts once: ${name} send --again ${id}\n`;
  return `  message ${id}\n${sent === 'not_sent' ? '' : status}${sent === 'accepted' ? '' : again}`;
}
