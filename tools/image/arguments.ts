import { parseArgs, type ParseArgsConfig } from 'node:util';

export interface KeyFiles {
  readonly keyFile: string;
  readonly certificateFile: string;
}

export interface PackCommand {
  readonly kind: 'pack';
  readonly kernelFile: string;
  readonly cmdline: string;
  readonly ramdiskFiles: readonly string[];
  readonly arch: 'x86_64' | 'arm64';
  readonly name: string;
  readonly version: string;
  readonly buildTime: string;
  readonly kernelVersion: string;
  readonly metadataFile: string | undefined;
  readonly memoryMiB: number | undefined;
  readonly cpus: number | undefined;
  readonly signing: KeyFiles | undefined;
  readonly output: string;
  readonly json: boolean;
}

export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'describe';
      readonly file: string;
      readonly files: boolean;
      readonly signerFile: string | undefined;
      readonly json: boolean;
    }
  | { readonly kind: 'measure'; readonly file: string; readonly json: boolean }
  | PackCommand
  | ({ readonly kind: 'sign'; readonly file: string; readonly output: string; readonly json: boolean } & KeyFiles)
  | { readonly kind: 'diff'; readonly a: string; readonly b: string; readonly json: boolean }
  | { readonly kind: 'invalid'; readonly problem: string };

export function parseCommand(args: readonly string[]): Command {
  if (args.includes('--help') || args.includes('-h') || args[0] === 'help') return { kind: 'help' };
  const [name, ...rest] = args;
  const parse = name === undefined ? undefined : commands.get(name);
  if (parse === undefined)
    return {
      kind: 'invalid',
      problem: name === undefined ? 'which command?' : `the command ${JSON.stringify(name)} is not known`,
    };
  try {
    return parse(rest);
  } catch (error) {
    return { kind: 'invalid', problem: error instanceof Error ? error.message : String(error) };
  }
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

const commands = new Map<string, (args: readonly string[]) => Command>([
  [
    'describe',
    (args) => {
      const { values, positionals } = read(args, { files: flag, signer: text, json: flag });
      return {
        kind: 'describe',
        file: one(positionals),
        files: values.files === true,
        signerFile: values.signer,
        json: values.json === true,
      };
    },
  ],
  [
    'measure',
    (args) => {
      const { values, positionals } = read(args, { json: flag });
      return { kind: 'measure', file: one(positionals), json: values.json === true };
    },
  ],
  ['pack', pack],
  [
    'sign',
    (args) => {
      const { values, positionals } = read(args, {
        key: text,
        certificate: text,
        output: { ...text, short: 'o' },
        json: flag,
      });
      const file = one(positionals);
      return {
        kind: 'sign',
        file,
        keyFile: needed(values.key, '--key'),
        certificateFile: needed(values.certificate, '--certificate'),
        output: needed(values.output, '-o'),
        json: values.json === true,
      };
    },
  ],
  [
    'diff',
    (args) => {
      const { values, positionals } = read(args, { json: flag });
      const [a, b, ...more] = positionals;
      if (a === undefined || b === undefined || more.length > 0) throw new Error('diff takes two files');
      return { kind: 'diff', a, b, json: values.json === true };
    },
  ],
]);

function pack(args: readonly string[]): PackCommand {
  const { values, positionals } = read(args, {
    ...{
      kernel: text,
      cmdline: text,
      ramdisk: { ...text, multiple: true },
      arch: text,
      name: text,
      version: text,
      'build-time': text,
    },
    ...{
      'kernel-version': text,
      metadata: text,
      memory: text,
      cpus: text,
      key: text,
      certificate: text,
      output: { ...text, short: 'o' },
      json: flag,
    },
  });
  if (positionals.length > 0) throw new Error(`${JSON.stringify(positionals[0])} belongs to no option`);
  const arch = values.arch ?? 'x86_64';
  if (arch !== 'x86_64' && arch !== 'arm64') throw new Error('--arch takes x86_64 or arm64');
  const ramdiskFiles = values.ramdisk ?? [];
  if (ramdiskFiles.length === 0) throw new Error('--ramdisk is missing');
  if ((values.key === undefined) !== (values.certificate === undefined))
    throw new Error('--key and --certificate go together');
  return {
    kind: 'pack',
    kernelFile: needed(values.kernel, '--kernel'),
    cmdline: values.cmdline ?? missing('--cmdline'),
    ramdiskFiles,
    arch,
    name: values.name ?? 'enclave',
    version: values.version ?? '0',
    buildTime: values['build-time'] ?? '1970-01-01T00:00:00Z',
    kernelVersion: values['kernel-version'] ?? 'unknown',
    metadataFile: values.metadata,
    memoryMiB: wholeNumber(values.memory, '--memory'),
    cpus: wholeNumber(values.cpus, '--cpus'),
    signing:
      values.key === undefined || values.certificate === undefined
        ? undefined
        : { keyFile: values.key, certificateFile: values.certificate },
    output: needed(values.output, '-o'),
    json: values.json === true,
  };
}

function read<Options extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: Options) {
  return parseArgs({ args: [...args], allowPositionals: true, options });
}

function one([file, ...more]: readonly string[]): string {
  if (file === undefined || file === '') throw new Error('which file?');
  if (more.length > 0) throw new Error(`one file at a time; there is also ${JSON.stringify(more[0])}`);
  return file;
}

function needed(value: string | undefined, option: string): string {
  return value === undefined || value === '' ? missing(option) : value;
}

function missing(option: string): never {
  throw new Error(`${option} is missing`);
}

function wholeNumber(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,7}$/.test(value)) throw new Error(`${option} takes a whole number`);
  return Number(value);
}
