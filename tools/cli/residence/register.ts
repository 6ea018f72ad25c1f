import type { Registration } from '@communique-tee/client';
import type { AddCommand } from '../command';
import { EXIT, Failure, messageOf, usage } from '../failure';
import { readJsonFile } from '../files';
import { jsonOption, stateOption, type JsonOption, type StateOption } from '../options';
import { json, rows } from '../output/terminal';
import { IdentityFile, readIdentity, type Identity } from './identity-file';

const MAX_REGISTRATION_BYTES = 4096;

const after = (name: string) => `
The first call makes a secret and stores it in residence.json, in the folder where sent messages are kept. Only its owner can
read this file. The call reads the secret back and prints the commitment code: give the code to the registrar, never the file. Later
calls print the same code and make no second secret. Anyone who has the file can send in your place.

Exit code
  0  done
  1  refused: another secret is stored already, or the file of --export exists
  2  an argument, or the content of a file, was not understood: the error names it
  3  a file cannot be read or written

Examples
  ${name} register
  ${name} register --registration registration.json
  ${name} register --export residence-backup.json
`;

interface Options extends StateOption, JsonOption {
  readonly registration?: string;
  readonly import?: string;
  readonly export?: string;
}

export const register: AddCommand = (program, run) => {
  const command = program
    .command('register')
    .summary('make your secret for proofs of residence once, and print the code for the registrar')
    .description('Makes the secret for proofs of residence, and stores the registrar’s answer.')
    .option('--registration <file>', "keep the registrar's answer: the JSON file that it gave to you")
    .option('--import <file>', 'use the secret in a file that --export wrote, if no secret is stored here yet')
    .option('--export <file>', 'write secret and registration into a new file, for another machine or as a backup');
  for (const add of [stateOption, jsonOption]) add(command);
  return command.addHelpText('after', after(program.name())).action(
    run(async (context, options: Options) => {
      const { commitmentOf, createSecret, fieldToHex, officesOfDistrict, registrationFromJson } =
        await import('@communique-tee/client/residence');
      if (options.import !== undefined && options.export !== undefined)
        throw usage('--import and --export exclude each other');
      const file = new IdentityFile(options.state, context.environment);

      const kept = file.read();
      const isNew = kept === undefined;
      let identity: Identity =
        options.import === undefined
          ? (kept ?? { secret: createSecret(), registration: null, list: null })
          : imported(options.import, kept);
      // Fails here for a damaged secret, so that no code is printed for it.
      const commitment = orFailure('state_broken', file.path, () => commitmentOf(identity.secret));
      if (isNew) file.create(identity);
      if (options.registration !== undefined) {
        const registration = readJsonFile(options.registration, MAX_REGISTRATION_BYTES);
        orFailure('not_understood', options.registration, () => registrationFromJson(registration));
        identity = { ...identity, registration: registration as Registration, list: null };
        file.update(identity);
      }
      if (options.export !== undefined) file.export(options.export, identity);

      const code = fieldToHex(commitment);
      const { registration } = identity;
      const offices = registration && officesOfDistrict(registration.district);
      context.out(
        options.json === true
          ? json({
              commitment: code,
              made: isNew && options.import === undefined,
              stored: file.path,
              ...(options.export !== undefined && { exported: options.export }),
              registration: registration && {
                registrar: registration.registrar,
                district: registration.district,
                offices,
              },
            })
          : rows([
              ['code', code],
              ['stored', file.path],
              ...(options.export === undefined ? [] : [['exported', options.export] as const]),
              ...(registration === null
                ? [
                    [
                      'next',
                      `hand the code to the registrar; then ${program.name()} register --registration <file>`,
                    ] as const,
                  ]
                : [
                    ['registrar', registration.registrar] as const,
                    ['district', registration.district] as const,
                    [
                      'offices',
                      offices?.join(' ') || 'none: the table of offices does not have this district',
                    ] as const,
                  ]),
            ]),
      );
      return EXIT.done;
    }),
  );
};

function imported(from: string, kept: Identity | undefined): Identity {
  const given = readIdentity(from);
  if (kept !== undefined && !kept.secret.every((byte, at) => byte === given.secret[at]))
    throw new Failure('already_registered', 'another secret is stored here already; nothing was imported');
  return kept ?? given;
}

/** Turns an error of a library into a Failure. The message never quotes the file, which may contain the secret. */
function orFailure<T>(code: 'state_broken' | 'not_understood', file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Failure(code, `${file} cannot be used: ${messageOf(error)}`);
  }
}
