import { writeFileSync } from 'node:fs';
import type { AddCommand } from '../command';
import { EXIT, Failure, messageOf } from '../failure';
import { KeptMessages } from '../kept-messages';
import {
  gatewayOf,
  gatewayOption,
  jsonOption,
  stateOption,
  tokenOf,
  tokenOption,
  waitOption,
  waitSecondsOf,
  type GatewayOption,
  type JsonOption,
  type StateOption,
  type TokenOption,
  type WaitOption,
} from '../options';
import { json } from '../output/terminal';
import { hasTrustOption, policyOf, trustOf, trustOptions, type TrustOptions } from '../trust';
import { follow } from './follow';
import { exitOf, statusAsJson, statusAsText } from './report';

const after = (name: string) => `
The command uses what send kept: the sealed bytes, the key that opens the answer, the gateway, and which enclaves you accepted.
To accept other enclaves, give --pcr0 and --pcr3, or --policy. After the operator rolled out a new image, give both PCR0s.

Exit code
  0  delivered: the receipt says so for every office
  1  ended and not delivered, or the receipt does not verify
  2  an argument was not understood, or the kept data is damaged or absent: the error says which
  3  the gateway could not be reached, or there is no receipt yet to write (--receipt)
  4  still on its way

Examples
  ${name} status b14b5282-0b9a-43d7-b556-65728d87e71e --token-file token --wait
  ${name} status b14b5282-0b9a-43d7-b556-65728d87e71e --receipt receipt.json
`;

interface Options extends TrustOptions, GatewayOption, TokenOption, StateOption, WaitOption, JsonOption {
  readonly receipt?: string;
  readonly forget?: boolean;
}

export const status: AddCommand = (program, run) => {
  const command = program
    .command('status')
    .summary('the status of a message that was sent from here, its verified receipt and its opened answer')
    .description(
      'Shows the status of a message that was sent from here: what the gateway reports, and what an enclave has signed. Verifies the receipt, opens the sealed answer, and checks that both agree.',
    )
    .argument('<id>', 'the id of the message, as send and list print it')
    .option('--receipt <file>', 'write the receipt into a file, for receipt verify and for other people')
    .option('--forget', 'remove the stored data of the message: its answer can then no longer be opened');
  for (const add of [waitOption, tokenOption, stateOption, jsonOption]) add(command);
  gatewayOption(command, 'the gateway that the message was sent to');
  return trustOptions(command)
    .addHelpText('after', after(program.name()))
    .action(
      run(async (context, id: string, options: Options) => {
        const state = new KeptMessages(options.state, context.environment);
        const waitSeconds = waitSecondsOf(options);
        if (options.forget === true) {
          state.forget(id);
          context.out(options.json === true ? json({ id, forgotten: true }) : `Forgotten: ${id}\n`);
          return EXIT.done;
        }
        const stored = state.find(id);
        const gateway =
          options.gateway === undefined ? new URL(stored.kept.gateway) : gatewayOf(options, context.environment);
        const policy = policyOf(hasTrustOption(options) ? trustOf(options) : stored.trust);
        // A proven message needs no token, because its status secret was stored.
        const token = stored.kept.statusSecret === null ? tokenOf(options, context.environment) : null;
        const sent = await follow(
          stored,
          { gateway, policy, token, waitSeconds: waitSeconds === undefined ? 0 : waitSeconds, state },
          context,
        );
        if (options.receipt !== undefined) writeReceipt(options.receipt, sent.view.receipt);
        context.out(options.json === true ? statusAsJson(sent) : statusAsText(sent, context.paint));
        return exitOf(sent);
      }),
    );
};

function writeReceipt(file: string, receipt: object | null): void {
  if (receipt === null) throw new Failure('file_unwritable', 'there is no receipt yet: nothing was written');
  try {
    writeFileSync(file, json(receipt));
  } catch (cause) {
    throw new Failure('file_unwritable', `${file} cannot be written: ${messageOf(cause)}`, cause);
  }
}
