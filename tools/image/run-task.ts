import { readFile, stat } from 'node:fs/promises';
import {
  asNitroCli,
  certificatePcr8,
  describeImage,
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
import { describeAsJson, describeAsText, listRamdisks, measurementLines } from './describe';
import { diffAsJson, diffAsText } from './diff-report';
import { asJson, type Output, printable, ProgressLine } from './output';
import { writeSignedMeasurements } from './signed-measurements';

export interface KeyFiles {
  readonly keyFile: string;
  readonly certificateFile: string;
}

export interface PackTask {
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

export type Task =
  | {
      readonly kind: 'describe';
      readonly file: string;
      readonly files: boolean;
      readonly signerFile: string | undefined;
      readonly json: boolean;
    }
  | { readonly kind: 'measure'; readonly file: string; readonly json: boolean }
  | PackTask
  | ({ readonly kind: 'sign'; readonly file: string; readonly output: string; readonly json: boolean } & KeyFiles)
  | { readonly kind: 'diff'; readonly a: string; readonly b: string; readonly json: boolean };

/** @returns the exit status */
export async function runTask(task: Task, output: Output): Promise<number> {
  const progress = new ProgressLine(output, task.kind === 'pack' || task.kind === 'sign' ? 'writing' : 'reading');
  try {
    return await run(task, output, progress);
  } catch (error) {
    if (!(error instanceof EifError || error instanceof NotReadable)) throw error;
    progress.wipe();
    const code = error instanceof EifError ? error.code : 'ERR_EIF_FILE';
    if (task.json) output.out(asJson({ error: { code, message: error.message } }));
    else output.err(`${printable(error.message)} (${code})\n`);
    return task.kind === 'diff' || notJudged.has(code) ? 2 : 1;
  }
}

/** After these errors the command has examined no image. */
const notJudged = new Set(['ERR_EIF_FILE', 'ERR_EIF_SOURCE_CHANGED']);

async function run(task: Task, output: Output, progress: ProgressLine): Promise<number> {
  const onProgress = progress.show;
  const print = (json: object, text: string) => {
    progress.wipe();
    output.out(task.json ? asJson(json) : text);
  };
  const printMeasurements = (measurements: Measurements) => {
    print(asNitroCli(measurements), `${measurementLines(measurements).join('\n')}\n`);
    return 0;
  };
  switch (task.kind) {
    case 'describe': {
      const signer = task.signerFile === undefined ? undefined : certificatePcr8(await readText(task.signerFile));
      const image = await describeImage(task.file, { onProgress });
      if (signer !== undefined) verifySignature(image, { pcr8: signer, at: new Date() });
      const ramdisks = task.files ? await listRamdisks(task.file, image) : undefined;
      print(describeAsJson(image, ramdisks), describeAsText(image, ramdisks));
      return 0;
    }
    case 'measure':
      return printMeasurements((await readImage(task.file, { onProgress })).measurements);
    case 'pack':
      return printMeasurements(await pack(task, onProgress));
    case 'sign': {
      const written = await signImage(task.file, await readKey(task), task.output, { onProgress });
      const note = await orNotReadable(() => writeSignedMeasurements(task.file, task.output, written));
      progress.wipe();
      output.err(`${printable(note)}\n`);
      return printMeasurements(written.measurements);
    }
    case 'diff': {
      const difference = await diffImages(task.a, task.b);
      print(diffAsJson(difference), diffAsText(difference));
      return difference.firstByte === undefined ? 0 : 1;
    }
  }
}

async function pack(task: PackTask, onProgress: ProgressLine['show']): Promise<Measurements> {
  const { kernelFile, cmdline, ramdiskFiles, arch, memoryMiB, cpus, signing, output } = task;
  const metadata = {
    imageName: task.name,
    imageVersion: task.version,
    buildTime: task.buildTime,
    buildTool: 'communique-tee',
    buildToolVersion: '1',
    operatingSystem: 'Linux',
    kernelVersion: task.kernelVersion,
    dockerInfo: null,
    customMetadata: task.metadataFile === undefined ? null : await readCustomMetadata(task.metadataFile),
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
    throw new NotReadable(`${path} is not JSON`);
  }
}

async function readText(path: string, maxBytes = 65_536): Promise<string> {
  return orNotReadable(async () => {
    const found = await stat(path);
    if (!found.isFile()) throw new Error(`${path} is not a regular file`);
    if (found.size > maxBytes) throw new Error(`${path} has ${found.size} bytes, and ${maxBytes} are allowed`);
    return readFile(path, 'utf8');
  });
}

/** A file that could not be read or written. */
class NotReadable extends Error {}

async function orNotReadable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new NotReadable(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
