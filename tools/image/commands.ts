import { Option, type Command } from 'commander';
import { collect, UsageError, type CommandLine } from '@communique-tee/command-line';
import type { Output } from './output';
import { runTask, type PackTask } from './run-task';

const JSON_NOTE = 'print one JSON object; measure, pack and sign print the same object as nitro-cli';
const AFTER = `
Metadata and the architecture are neither measured nor signed: do not rely on them.

Exit code
  0  done; diff: the images are the same
  1  a file was refused: the code says why; diff: the images differ
  2  an argument was not understood, or a file could not be read or written; diff: also if an image is refused
`;

interface JsonOption {
  readonly json?: boolean;
}

interface PackOptions extends JsonOption {
  readonly output?: string;
  readonly kernel?: string;
  readonly cmdline?: string;
  readonly ramdisk?: string[];
  readonly arch: 'x86_64' | 'arm64';
  readonly name: string;
  readonly version: string;
  readonly buildTime: string;
  readonly kernelVersion: string;
  readonly metadata?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly key?: string;
  readonly certificate?: string;
}

interface SignOptions extends JsonOption {
  readonly output?: string;
  readonly key?: string;
  readonly certificate?: string;
}

export function addImageCommands(program: Command, line: CommandLine, output: Output): void {
  const add = (name: string, summary: string) =>
    program
      .command(name)
      .helpGroup('Image files:')
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .option('--json', JSON_NOTE)
      .addHelpText('after', AFTER);

  add('describe', 'show what is in an image: header, sections, metadata, measurements, signature')
    .argument('<file>')
    .option('--files', 'also list the files in the ramdisks')
    .option('--signer <pem>', 'refuse the image unless this certificate signed it and is valid now')
    .action(
      line.run((file: string, options: JsonOption & { readonly files?: boolean; readonly signer?: string }) =>
        runTask(
          {
            kind: 'describe',
            file,
            files: options.files === true,
            signerFile: options.signer,
            json: options.json === true,
          },
          output,
        ),
      ),
    );

  add('measure', 'compute PCR0, PCR1, PCR2, and PCR8 of a signed image')
    .argument('<file>')
    .action(
      line.run((file: string, { json }: JsonOption) => runTask({ kind: 'measure', file, json: json === true }, output)),
    );

  add('pack', 'make an image from a kernel and ramdisks')
    .option('-o, --output <file>', 'where the image goes')
    .option('--kernel <file>', 'a bzImage (x86_64) or an uncompressed Image (arm64)')
    .option('--cmdline <text>', "the kernel's command line")
    .option(
      '--ramdisk <file>',
      'a cpio archive, compressed or not. Repeat the option for each archive: the first is in PCR1, the others in PCR2',
      collect,
    )
    .addOption(new Option('--arch <arch>').choices(['x86_64', 'arm64']).default('x86_64'))
    .option('--name <text>', 'for the metadata', 'enclave')
    .option('--version <text>', 'for the metadata', '0')
    .option('--build-time <text>', 'for the metadata; fixed, so that two builds are the same', '1970-01-01T00:00:00Z')
    .option('--kernel-version <text>', 'for the metadata', 'unknown')
    .option('--metadata <json>', 'custom metadata, at most 4096 bytes')
    .option('--memory <MiB>', 'default memory, written into the header; nothing reads it')
    .option('--cpus <number>', 'default number of CPUs, written into the header; nothing reads it')
    .option('--key <pem>', 'also sign the image, with this unencrypted key on P-256, P-384 or P-521')
    .option('--certificate <pem>', 'the certificate for that key')
    .action(line.run((options: PackOptions) => runTask(packOf(options), output)));

  add(
    'sign',
    'sign the PCR0 of an image, or replace its signature; input and output may be one file. If the build left a measurements.json, one is written beside the signed image',
  )
    .argument('<file>')
    .option('-o, --output <file>', 'where the signed image goes')
    .option('--key <pem>', 'the unencrypted key, on P-256, P-384 or P-521')
    .option('--certificate <pem>', 'the certificate for that key; it goes into the image, and into PCR8')
    .action(
      line.run((file: string, options: SignOptions) =>
        runTask(
          {
            kind: 'sign',
            file,
            keyFile: needed(options.key, '--key'),
            certificateFile: needed(options.certificate, '--certificate'),
            output: needed(options.output, '--output'),
            json: options.json === true,
          },
          output,
        ),
      ),
    );

  add('diff', 'show where two images begin to differ, in which sections, and in which files of their ramdisks')
    .argument('<a>')
    .argument('<b>')
    .action(
      line.run((a: string, b: string, { json }: JsonOption) =>
        runTask({ kind: 'diff', a, b, json: json === true }, output),
      ),
    );
}

function packOf(options: PackOptions): PackTask {
  const { ramdisk: ramdiskFiles = [], key, certificate } = options;
  if (ramdiskFiles.length === 0) throw missing('--ramdisk');
  if ((key === undefined) !== (certificate === undefined)) throw new UsageError('--key and --certificate go together');
  if (options.cmdline === undefined) throw missing('--cmdline');
  return {
    kind: 'pack',
    kernelFile: needed(options.kernel, '--kernel'),
    cmdline: options.cmdline,
    ramdiskFiles,
    arch: options.arch,
    name: options.name,
    version: options.version,
    buildTime: options.buildTime,
    kernelVersion: options.kernelVersion,
    metadataFile: options.metadata,
    memoryMiB: wholeNumber(options.memory, '--memory'),
    cpus: wholeNumber(options.cpus, '--cpus'),
    signing:
      key === undefined || certificate === undefined ? undefined : { keyFile: key, certificateFile: certificate },
    output: needed(options.output, '--output'),
    json: options.json === true,
  };
}

function needed(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw missing(option);
  return value;
}

function missing(option: string): UsageError {
  return new UsageError(`${option} is missing`);
}

function wholeNumber(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,7}$/.test(value)) throw new UsageError(`${option} takes a whole number`);
  return Number(value);
}
