import type { AddCommand } from '../command';
import { EXIT } from '../failure';
import { KeptMessages } from '../kept-messages';
import { jsonOption, stateOption, type JsonOption, type StateOption } from '../options';
import { iso, json } from '../output/terminal';

const after = (name: string) => `
The command asks no gateway; ${name} status <id> asks for the status of a message. After status or send --wait has
seen how a message ended, list shows it too. A message that the gateway refused for good is not kept.

Exit code
  0  done, also if no messages are kept
  3  the folder or a file of it cannot be read

Example
  ${name} list
`;

interface Options extends StateOption, JsonOption {}

export const list: AddCommand = (program, run) =>
  jsonOption(
    stateOption(
      program
        .command('list')
        .summary('the messages that were sent from here')
        .description('Lists the messages that were sent from here and not forgotten, the latest first.'),
    ),
  )
    .addHelpText('after', after(program.name()))
    .action(
      run(({ out, err, environment }, options: Options) => {
        const state = new KeptMessages(options.state, environment);
        const { messages, broken } = state.list();
        if (options.json === true) {
          out(
            json({
              messages: messages.map(({ id, sealedAtMs, expiresAtMs, gateway, ended }) => ({
                id,
                sealed_at: iso(sealedAtMs),
                expires_at: iso(expiresAtMs),
                gateway: gateway.href,
                ended,
              })),
              broken,
            }),
          );
          return EXIT.done;
        }
        if (messages.length === 0) out(`No messages are kept in ${state.folder}.\n`);
        for (const { id, sealedAtMs, expiresAtMs, gateway, ended } of messages)
          out(
            `${id}  sealed ${iso(sealedAtMs).slice(0, 19)}Z  ${ended === null ? `expires ${iso(expiresAtMs).slice(0, 19)}Z` : `ended: ${ended}`}  ${gateway.host}\n`,
          );
        for (const file of broken) err(`${file} is damaged or changed: the answer cannot be opened with it\n`);
        return EXIT.done;
      }),
    );
