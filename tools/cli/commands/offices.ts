import { OFFICES_AS_OF, STATES, isState, listOffices, officesOf } from '@communique-tee/protocol';
import type { AddCommand } from '../command';
import { EXIT, usage } from '../failure';
import { jsonOption, type JsonOption } from '../options';
import { json } from '../output/terminal';

const after = (name: string) => `
The command contains the table and asks no gateway. docs/message.md ("Offices") explains the codes.

Exit code
  0  done
  2  the state was not understood: the error lists all states

Examples
  ${name} offices OH
  ${name} offices --json
`;

export const offices: AddCommand = (program, run) =>
  jsonOption(
    program
      .command('offices')
      .argument('[state]', 'two letters, as in the address; without it, every state and territory')
      .summary('the offices that a message from a state can go to')
      .description('Lists the codes of the offices for an address in a state, and the date of the table.'),
  )
    .addHelpText('after', after(program.name()))
    .action(
      run(({ out }, state: string | undefined, options: JsonOption) => {
        const asked = state?.toUpperCase();
        if (asked !== undefined && !isState(asked))
          throw usage(`${asked} is not a state or territory with an office; there are ${STATES.join(' ')}`);
        const states = asked === undefined ? STATES : [asked];
        out(
          options.json === true
            ? json({ as_of: OFFICES_AS_OF, offices: Object.fromEntries(states.map((each) => [each, officesOf(each)])) })
            : `${states.map((each) => `${each}  ${listOffices(each)}\n`).join('')}As of ${OFFICES_AS_OF}.\n`,
        );
        return EXIT.done;
      }),
    );
