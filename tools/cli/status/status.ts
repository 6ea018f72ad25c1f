import { writeFileSync } from 'node:fs';
import { onePositional, readArguments, secondsOf } from '../arguments/read-arguments';
import { TOKEN_HELP, TOKEN_OPTION, tokenOf } from '../arguments/token';
import { TRUST_HELP, TRUST_OPTIONS, policyOf, trustOf } from '../trust';
import type { Command } from '../command';
import { EXIT, Failure, messageOf } from '../failure';
import { json } from '../output/terminal';
import { KeptMessages, STATE_HELP, STATE_OPTION } from '../kept-messages';
import { follow, look } from './follow';
import { exitOf, standingAsJson, standingAsText } from './report';

const help = `How a message stands that was sent from here: what the gateway says, and what an enclave has signed. Verifies the receipt, opens the
sealed answer, and checks that both tell the same.

  npx communique-tee status <id> [options]

What send kept of the message is used: what was sealed, the key that opens its answer, the gateway, and whom you trusted.
${STATE_HELP}${TOKEN_HELP}  --wait[=seconds]    follows it to its end, or for so many seconds; steps go to standard error
  --receipt <file>    writes the receipt into a file, for receipt verify, and for anybody you show it to
  --forget            removes what is kept of it here: its answer cannot be opened any more
  --json              prints one JSON object

Instead of whom you trusted when you sent it (after a new image was rolled out: both PCR0s):
${TRUST_HELP}
Exit code
  0  delivered: the receipt says so for every office
  1  it ended otherwise, or its receipt does not verify
  2  not understood: the arguments, or what is kept is broken, or nothing is kept of it
  3  the gateway could not be reached
  4  still on its way

Examples
  npx communique-tee status b14b5282-0b9a-43d7-b556-65728d87e71e --token-file token --wait
  npx communique-tee status b14b5282-0b9a-43d7-b556-65728d87e71e --receipt receipt.json
`;

export const status: Command = {
  name: 'status',
  summary: 'how a message stands that was sent from here; its receipt, verified; its answer, opened',
  help,
  async run(argv, context) {
    const { wait, rest } = takeWait(argv);
    const { values, positionals } = readArguments(rest, {
      ...TRUST_OPTIONS,
      ...TOKEN_OPTION,
      ...STATE_OPTION,
      receipt: { type: 'string' },
      forget: { type: 'boolean' },
    });
    const id = onePositional(positionals, 'the id of a message');
    const state = new KeptMessages(values.state, context.environment);
    if (values.forget === true) {
      state.forget(id);
      context.out(values.json === true ? json({ id, forgotten: true }) : `Forgotten: ${id}\n`);
      return EXIT.done;
    }
    const kept = state.find(id);
    const policy = policyOf(values.pcr0 === undefined ? kept.trust : trustOf(values));
    const token = tokenOf(values['token-file'], context.environment);
    const standing =
      wait === undefined
        ? await look(kept, policy, token, context)
        : await follow(kept, policy, token, wait === true ? undefined : wait, context);
    if (values.receipt !== undefined) writeReceipt(values.receipt, standing.view.receipt);
    context.out(values.json === true ? standingAsJson(standing) : standingAsText(standing, context.paint));
    return exitOf(standing);
  },
};

/** `--wait`, or `--wait=60`: node:util knows no option whose value may be left out. @throws Failure `usage` */
export function takeWait(argv: readonly string[]): { wait: true | number | undefined; rest: string[] } {
  const given = argv.filter((argument) => argument === '--wait' || argument.startsWith('--wait='));
  const [first] = given;
  const wait =
    first === undefined ? undefined : first === '--wait' ? true : secondsOf(first.slice('--wait='.length), 'wait');
  return { wait, rest: argv.filter((argument) => !given.includes(argument)) };
}

function writeReceipt(file: string, receipt: object | null): void {
  if (receipt === null) throw new Failure('file_unwritable', 'there is no receipt yet: nothing was written');
  try {
    writeFileSync(file, json(receipt));
  } catch (cause) {
    throw new Failure('file_unwritable', `${file} cannot be written: ${messageOf(cause)}`, cause);
  }
}
