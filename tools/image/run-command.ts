import { readFile, stat } from 'node:fs/promises';
import {
  asNitroCli,
  certificatePcr8,
  diffImages,
  EifError,
  type EifMetadata,
  type Measurements,
  readImage,
  signImage,
  type SigningKey,
  verifySignature,
  writeImage,
} from '@communique-tee/eif';
import { type Command, type KeyFiles, type PackCommand } from './arguments';
import { describeAsJson, describeAsText, listRamdisks, measurementLines } from './describe';
import { diffAsJson, diffAsText } from './diff-report';
import { asJson, type Output, printable, ProgressLine } from './output';
import { USAGE } from './usage';

/** @returns the exit status */
export async function runCommand(command: Command, output: Output): Promise<number> {
  if (command.kind === 'help') {
    output.out(USAGE);
    return 0;
  }
  if (command.kind === 'invalid') {
    output.err(`${printable(command.problem)}\nnpm run image -- --help explains.\n`);
    return 2;
  }
  const progress = new ProgressLine(output, command.kind === 'pack' || command.kind === 'sign' ? 'writing' : 'reading');
  try {
    return await run(command, output, progress);
  } catch (error) {
    if (!(error instanceof EifError || error instanceof NotReadable)) throw error;
    progress.wipe();
    const code = error instanceof EifError ? error.code : 'ERR_EIF_FILE';
    if ('json' in command && command.json) output.out(asJson({ error: { code, message: error.message } }));
    else output.err(`${printable(error.message)} (${code})\n`);
    return command.kind === 'diff' || notJudged.has(code) ? 2 : 1;
  }
}

/** Nothing was judged. */
const notJudged = new Set(['ERR_EIF_FILE', 'ERR_EIF_SOURCE_CHANGED']);

async function run(
  command: Exclude<Command, { kind: 'help' | 'invalid' }>,
  output: Output,
  progress: ProgressLine,
): Promise<number> {
  const onProgress = progress.show;
  const print = (json: object, text: string) => {
    progress.wipe();
    output.out(command.json ? asJson(json) : text);
  };
  const printMeasurements = (measurements: Measurements) => {
    print(asNitroCli(measurements), `${measurementLines(measurements).join('\n')}\n`);
    return 0;
  };
  switch (command.kind) {
    case 'describe': {
      const signer = command.signerFile === undefined ? undefined : certificatePcr8(await readText(command.signerFile));
      const image = await readImage(command.file, { onProgress });
      if (signer !== undefined) verifySignature(image, { pcr8: signer, at: new Date() });
      const ramdisks = command.files ? await listRamdisks(command.file, image) : undefined;
      print(describeAsJson(image, ramdisks), describeAsText(image, ramdisks));
      return 0;
    }
    case 'measure':
      return printMeasurements((await readImage(command.file, { onProgress })).measurements);
    case 'pack':
      return printMeasurements(await pack(command, onProgress));
    case 'sign':
      return printMeasurements(
        (await signImage(command.file, await readKey(command), command.output, { onProgress })).measurements,
      );
    case 'diff': {
      const difference = await diffImages(command.a, command.b);
      print(diffAsJson(difference), diffAsText(difference));
      return difference.firstByte === undefined ? 0 : 1;
    }
  }
}

async function pack(command: PackCommand, onProgress: ProgressLine['show']): Promise<Measurements> {
  const { kernelFile, cmdline, ramdiskFiles, arch, memoryMiB, cpus, signing, output } = command;
  const metadata = {
    imageName: command.name,
    imageVersion: command.version,
    buildTime: command.buildTime,
    buildTool: 'communique-tee',
    buildToolVersion: '1',
    operatingSystem: 'Linux',
    kernelVersion: command.kernelVersion,
    dockerInfo: null,
    customMetadata: command.metadataFile === undefined ? null : await readCustomMetadata(command.metadataFile),
  };
  const { measurements } = await writeImage(
    {
      kernel: { path: kernelFile },
      cmdline,
      ramdisks: ramdiskFiles.map((path) => ({ path })),
      metadata,
      arch,
      ...(memoryMiB !== undefined && { defaultMemoryBytes: memoryMiB * 1_048_576 }),
      ...(cpus !== undefined && { defaultCpus: cpus }),
      ...(signing !== undefined && { signing: await readKey(signing) }),
    },
    output,
    { onProgress },
  );
  return measurements;
}

async function readKey({ keyFile, certificateFile }: KeyFiles): Promise<SigningKey> {
  return { privateKeyPem: await readText(keyFile), certificatePem: await readText(certificateFile) };
}

/** MAX_META_FILE_SIZE of nitro-cli (aws-nitro-enclaves-image-format, src/utils/identity.rs). */
const maxCustomMetadataBytes = 4096;

async function readCustomMetadata(path: string): Promise<EifMetadata['customMetadata']> {
  const text = await readText(path, maxCustomMetadataBytes);
  try {
    return JSON.parse(text) as EifMetadata['customMetadata'];
  } catch {
    throw new NotReadable(`${path} is no JSON`);
  }
}

/** Keys and certificates are a few hundred bytes. */
async function readText(path: string, maxBytes = 65_536): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error(`${path} is not a regular file`);
    if (found.size > maxBytes) throw new Error(`${path} has ${found.size} bytes, and ${maxBytes} are allowed`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new NotReadable(cause instanceof Error ? cause.message : path, { cause });
  }
}

class NotReadable extends Error {}
