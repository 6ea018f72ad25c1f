import { collect, terminal, UsageError, type CommandLine, type Streams } from '@communique-tee/command-line';
import { createBulkHasher } from '@communique-tee/residence/bulk';
import { RESIDENCE_ID_PATTERN } from '@communique-tee/protocol';
import type { Command } from 'commander';
import { userInfo } from 'node:os';
import { counted } from './counted';
import { intoFile } from './out-file';
import { Registrar, systemWorld, type World } from './registrar';
import { RegistrarError } from './registrar-error';
import { addCommand, moveCommand, type AddOptions } from './register-command';
import { check, list, type ListOptions } from './report-command';

/** npm run ops -- registrar: manages registered people, and signs the tree and the campaigns. */

export interface CommandWorld {
  readonly streams: Streams;
  /** @param by a person's name for the audit log */
  readonly worldOf: (by: string) => World;
}

export const thisMachine: CommandWorld = { streams: terminal, worldOf: systemWorld };

const EXIT_FAILED = 1;
const EXIT_UNREADABLE = 78;
const DAY_SECONDS = 86_400;
const MAX_CAMPAIGN_DAYS = 90;

const EXIT_CODES = `
Exit code
  0   done
  1   not done, or check found something to act on; the output says what, and whether the register has changed
  2   an argument was not understood: the error names it, and --help lists the arguments
  78  the register, its log or a key is damaged, or another program changed it; nothing was done
`;

interface Everywhere {
  readonly folder: string;
  readonly by?: string;
}

/** For commands whose output reveals where people live. */
interface OutOption {
  readonly out?: string;
}

interface CampaignOptions extends Everywhere {
  readonly id?: string;
  readonly days?: string;
  readonly from?: string;
}

export function registrar(command: Command, line: CommandLine, world: CommandWorld = thisMachine): void {
  command
    .description('Keeps the register of people and their districts, and signs the notes that proofs of residence need.')
    .helpCommand(false)
    .addHelpText('after', '\ndocs/operator/registrar.md explains every command, with examples.\n');
  const { streams } = world;
  const leaf = (parent: Command, name: string, summary: string): Command =>
    parent
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .option('--folder <folder>', 'the folder of the register', 'registrar')
      .option('--by <name>', 'who does it, for the audit log; by default the user of this computer')
      .addHelpText('after', EXIT_CODES);
  /** An action on the open register. */
  const on = <O extends Everywhere>(
    work: (open: Registrar, options: O) => Promise<number | undefined> | number | undefined,
  ) =>
    line.run((options: O) =>
      reported(streams, async () => {
        using open = Registrar.open(options.folder, world.worldOf(byOf(options)));
        if (open.interrupted) streams.err('The last command was interrupted before it changed the register.\n');
        return (await work(open, options)) ?? 0;
      }),
    );
  const outOption = (to: Command): Command =>
    to.option('--out <file>', 'write the registrations into a new file of mode 0600, in place of standard output');
  const done = (text: string): undefined => void streams.err(`${text}\n`);

  leaf(command, 'init', 'make the folder with an empty register')
    .option('--registrar <id>', 'the registrar’s id, which cannot be changed later: 1 to 64 of a-z, 0-9 and -')
    .option(
      '--max-campaign-days <days>',
      'the longest campaign, as in the enclave’s configuration',
      String(MAX_CAMPAIGN_DAYS),
    )
    .action(
      line.run(({ registrar: id, ...options }: Everywhere & { registrar?: string; maxCampaignDays: string }) =>
        reported(streams, () => {
          if (!RESIDENCE_ID_PATTERN.test(needed('--registrar', id)))
            throw new UsageError('--registrar takes 1 to 64 of a-z, 0-9 and -');
          const maxCampaignDays = wholeNumber('--max-campaign-days', options.maxCampaignDays, MAX_CAMPAIGN_DAYS);
          const of = { registrar: needed('--registrar', id), maxCampaignDays };
          Registrar.create(options.folder, of, world.worldOf(byOf(options)))[Symbol.dispose]();
          done(`Made the register of ${of.registrar} in ${options.folder}. Next: registrar key make`);
          return 0;
        }),
      ),
    );

  const key = command.command('key').summary('the signing keys').description('The signing keys.').helpCommand(false);
  const showKeys = (open: Registrar): undefined => {
    for (const each of open.verifierKeys()) streams.out(`${each.key}${each.signs ? '  signs' : ''}\n`);
  };
  leaf(key, 'make', 'make a signing key; the first key signs at once, a second one only after key use').action(
    on((open) => {
      open.makeKey();
      showKeys(open);
      return 0;
    }),
  );
  leaf(key, 'show', 'print the verifier keys, for the gateway and the enclave').action(on(showKeys));
  leaf(key, 'use', 'sign with another key from now on')
    .option('--key <id>', '8 hexadecimal digits, as key show prints them')
    .action(
      on((open, { key: keyId }: Everywhere & { key?: string }) => {
        open.useKey(needed('--key', keyId));
        return done('Publish now, and put the notes of open campaigns (campaign show) into their templates.');
      }),
    );

  outOption(leaf(command, 'add', 'register people: every line of a file, or none'))
    .option('--csv <file>', 'columns person, commitment, district; and name, born, distinct, if you have them')
    .option('--person <id>', 'register one person: your own id of the person')
    .option('--commitment <code>', 'the code that the person handed over: 64 of 0-9 and a-f')
    .option('--district <district>', 'the district, which you have checked, such as 120-MT-01')
    .option('--residents <file>', 'check residence in a CSV of residents: columns person, district; and name, born')
    .option('--check <program>', 'check residence with a program of your own')
    .option('--check-argument <text>', 'an argument for that program; may be repeated', collect)
    .option('--distinct', 'you have checked that no registered person with the same name and birth date is this person')
    .option('--json', 'print one JSON object')
    .action(
      on((open, options: Everywhere & AddOptions & OutOption) =>
        intoFile(options.out, streams, (into) => addCommand(open, options, into)),
      ),
    );

  outOption(leaf(command, 'move', 'give registered people a new district: every line of a file, or none'))
    .option('--csv <file>', 'columns person, district')
    .option('--person <id>', 'one person')
    .option('--district <district>', 'such as 120-MT-01')
    .option('--json', 'print one JSON object')
    .action(
      on((open, options: Everywhere & AddOptions & OutOption) =>
        intoFile(options.out, streams, (into) => moveCommand(open, options, into)),
      ),
    );

  leaf(command, 'revoke', 'leave a person out of the next root')
    .option('--person <id>', 'your own id of the person')
    .action(
      on((open, { person }: Everywhere & { person?: string }) => {
        open.revoke(needed('--person', person));
        return done(
          `${String(person)} is not in the next root. Publish it; earlier roots stay valid for up to 14 days.`,
        );
      }),
    );

  outOption(leaf(command, 'show', 'print a person’s registration again'))
    .option('--person <id>', 'your own id of the person')
    .action(
      on((open, { person, out: path }: Everywhere & OutOption & { person?: string }) =>
        intoFile(path, streams, ({ out }) => {
          out(`${JSON.stringify(open.registrationOf(needed('--person', person)))}\n`);
          return 0;
        }),
      ),
    );

  leaf(command, 'list', 'list the people, and whether a root contains them')
    .option('--json', 'print one JSON object')
    .action(on((open, options: Everywhere & ListOptions) => list(open, options, world.worldOf('').now(), streams)));

  leaf(command, 'publish', 'sign the current tree, valid for 14 days, and write its files')
    .option('--to <folder>', 'the static folder')
    .option('--empty', 'publish even if the tree would have no people')
    .option('--json', 'print one JSON object')
    .action(
      on(async (open, options: Everywhere & { to?: string; empty?: boolean; json?: boolean }) => {
        const published = open.publish(needed('--to', options.to), options.empty === true, await createBulkHasher());
        if (options.json === true) streams.out(`${JSON.stringify(published)}\n`);
        const { people, files, notAfter, sameTree } = published;
        return done(
          `Published ${sameTree ? 'the same tree again' : 'a new tree'}: ${counted(people, 'person')} in ${counted(files, 'file')}, valid until ${iso(notAfter)}. Upload the folder of the root first, root.note last.`,
        );
      }),
    );

  const campaign = command
    .command('campaign')
    .summary('the campaigns')
    .description('The campaigns. A person can send one message in each.')
    .helpCommand(false);
  leaf(campaign, 'open', 'sign the note of a new campaign')
    .option('--id <id>', '2 to 64 of a-z, 0-9 and -; an id can be used only once')
    .option('--days <days>', `how long it lasts, at most ${String(MAX_CAMPAIGN_DAYS)}`)
    .option('--from <time>', 'when it begins, such as 2027-01-15T08:00:00Z; by default now')
    .action(
      on((open, { id, days, from }: CampaignOptions) => {
        const notBefore = from === undefined ? world.worldOf('').now() : timeOf('--from', from);
        const lasts = wholeNumber('--days', needed('--days', days), MAX_CAMPAIGN_DAYS) * DAY_SECONDS;
        streams.out(open.openCampaign(needed('--id', id), { notBefore, notAfter: notBefore + lasts }));
        return 0;
      }),
    );
  leaf(campaign, 'show', 'print the note of a campaign, signed by the key in use')
    .option('--id <id>', 'the id of the campaign')
    .action(
      on((open, { id }: Everywhere & { id?: string }) => {
        streams.out(open.campaignNote(needed('--id', id)));
        return 0;
      }),
    );

  leaf(command, 'check', 'read everything, and report what you have to act on')
    .option('--to <folder>', 'the static folder')
    .option('--json', 'print one JSON object')
    .action(
      on((open, options: Everywhere & { to?: string; json?: boolean }) =>
        check(open, options, world.worldOf('').now(), streams),
      ),
    );

  leaf(command, 'restored', 'continue with a register that you restored from a backup').action(
    line.run((options: Everywhere) =>
      reported(streams, () => {
        Registrar.restored(options.folder, world.worldOf(byOf(options)))[Symbol.dispose]();
        done(
          'No new commitment is published for 15 days, because roots that this register does not know may hold other commitments of the same people.',
        );
        return 0;
      }),
    ),
  );
}

async function reported(streams: Streams, work: () => Promise<number> | number): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RegistrarError)) throw error;
    streams.err(`${error.message}\n`);
    return error.code === 'ERR_REGISTRAR_UNREADABLE' ? EXIT_UNREADABLE : EXIT_FAILED;
  }
}

/** Checked here, because commander would report a missing option before it reports a misspelt one. */
function needed(option: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`${option} is missing`);
  return value;
}

function byOf({ by }: Everywhere): string {
  const name = (by ?? userInfo().username).trim();
  if (name === '' || name.length > 200) throw new UsageError('--by takes a name of at most 200 characters');
  return name;
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new UsageError(`${option} takes a whole number from 1 to ${String(most)}`);
  return value;
}

/** Reads a time. @returns Unix seconds */
function timeOf(option: string, text: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new UsageError(`${option} takes a time such as 2027-01-15T08:00:00Z`);
  return at / 1000;
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
