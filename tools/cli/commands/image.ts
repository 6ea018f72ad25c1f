import { asNitroCli, describeImage, readImage, type Measurements } from '@communique-tee/eif';
import { describeAsJson, describeAsText, listRamdisks, measurementLines } from '../../image/describe';
import { asJson } from '../../image/output';
import type { AddCommand } from '../command';
import { collect } from '@communique-tee/command-line';
import { EXIT, usage } from '../failure';
import { imagesOf, type Image } from '../measurements';
import { jsonOption, type JsonOption } from '../options';
import { json, rows } from '../output/terminal';
import { trustOf } from '../trust';

const EXIT_CODES = `
Exit code
  0  done; compare: the image is a published one
  1  the image is damaged or was changed, and the error code says where; compare: also if it is another image
  2  an argument or the policy was not understood, or the file is no image: the error says which
  3  a file could not be read
`;

const after = (example: string) => `${EXIT_CODES}
Example
  ${example}
`;

interface DescribeOptions extends JsonOption {
  readonly files?: boolean;
}

interface CompareOptions extends JsonOption {
  readonly pcr0?: readonly string[];
  readonly policy?: string;
}

export const image: AddCommand = (program, run) => {
  const name = program.name();
  const group = program
    .command('image')
    .helpCommand(false)
    .summary('image compare, measure, describe: an enclave image file (.eif)')
    .description('Reads an enclave image file (.eif): its checksum, its parts, its measurements and its signature.');

  jsonOption(
    group
      .command('compare')
      .argument('<file>', 'the image, such as communique-tee.eif')
      .summary('whether an image is the one that an operator publishes')
      .description(
        'Measures an image file and compares it with what an operator publishes: PCR0, and PCR1, PCR2 and PCR8 if they are named. PCR3 and PCR4 name who runs an image, and are not in the file.',
      )
      .option(
        '--pcr0 <hex or file>',
        'the published image: PCR0, 96 hexadecimal digits (SHA-384), or a JSON file: measurements.json, or what nitro-cli prints. Several are separated by commas',
        collect,
      )
      .option('--policy <file>', 'instead of --pcr0: a policy file that names the published images'),
  )
    .addHelpText('after', after(`${name} image compare communique-tee.eif --pcr0 measurements.json`))
    .action(
      run(async ({ out, paint }, file: string, options: CompareOptions) => {
        const accepted = acceptedOf(options);
        const { measurements } = await readImage(file);
        const same = accepted.some((each) => isSame(each, measurements));
        const head = same ? paint('SAME', 'good') : paint('DIFFERENT', 'bad');
        out(
          options.json === true
            ? json({ same, ...asNitroCli(measurements), accepted })
            : `${head}  ${same ? 'the image is a published one' : 'the image is not a published one'}\n${rows(registers(measurements))}${
                same ? '' : `  published\n${accepted.map((each) => rows(registers(each))).join('')}`
              }`,
        );
        return same ? EXIT.done : EXIT.refused;
      }),
    );

  jsonOption(
    group
      .command('measure')
      .argument('<file>')
      .summary('PCR0, PCR1, PCR2, and PCR8 of a signed image')
      .description('Computes the measurements of an image file. With --json, prints them in the form of nitro-cli.'),
  )
    .addHelpText('after', after(`${name} image measure communique-tee.eif`))
    .action(
      run(async ({ out }, file: string, options: JsonOption) => {
        const { measurements } = await readImage(file);
        out(options.json === true ? json(asNitroCli(measurements)) : `${measurementLines(measurements).join('\n')}\n`);
        return EXIT.done;
      }),
    );

  return jsonOption(
    group
      .command('describe')
      .argument('<file>')
      .summary('show the parts of an image: sections, command line, measurements, metadata, signature')
      .description(
        'Shows what is in an image file. Metadata and the architecture are neither measured nor signed: do not rely on them.',
      )
      .option('--files', 'the files in its ramdisks, too, each with the start of its SHA-256'),
  )
    .addHelpText('after', after(`${name} image describe communique-tee.eif --files`))
    .action(
      run(async ({ out }, file: string, options: DescribeOptions) => {
        const described = await describeImage(file);
        const ramdisks = options.files === true ? await listRamdisks(file, described) : undefined;
        out(options.json === true ? asJson(describeAsJson(described, ramdisks)) : describeAsText(described, ramdisks));
        return EXIT.done;
      }),
    );
};

/** @throws Failure `usage`, `file_unreadable`, `not_understood` */
function acceptedOf({ pcr0, policy }: CompareOptions): readonly Image[] {
  if (pcr0 !== undefined && policy === undefined) return imagesOf(pcr0);
  if (policy === undefined || pcr0 !== undefined)
    throw usage('name the published image: its PCR0 or measurements.json with --pcr0, or a policy file with --policy');
  return trustOf({ policy }).measurements.map(({ operator: _, pcr3: __, pcr4: ___, ...each }) => each);
}

const NAMES = ['pcr0', 'pcr1', 'pcr2', 'pcr8'] as const;

function isSame(accepted: Image, measured: Measurements): boolean {
  return NAMES.every((name) => accepted[name] === undefined || accepted[name] === measured[name]);
}

function registers(of: Image): [string, string][] {
  return NAMES.flatMap((name): [string, string][] => {
    const value = of[name];
    return value === undefined ? [] : [[name.toUpperCase(), value]];
  });
}
