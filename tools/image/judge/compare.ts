// Checks whether AWS's crate makes the same file from an image's parts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copySections, diffImages, readImage, type EifImage, type EifMetadata } from '@communique-tee/eif';
import type { AwsImageJudge, PartFiles } from './judge';

export interface Comparison {
  readonly sizeBytes: number;
  readonly pcr0: string;
  /** What differs, in words; null if every byte and every measurement is the same. */
  readonly difference: string | null;
}

/**
 * Splits an unsigned image into its parts, has the crate build an image from the same parts and metadata, and compares both byte by byte.
 * Also has the crate read our image.
 * @throws EifError if the file is no image; Error if it is signed, or has default sizes that the crate cannot write
 */
export async function compareWithCrate(judge: AwsImageJudge, imageFile: string): Promise<Comparison> {
  const image = await readImage(imageFile);
  if (image.signature !== undefined) throw new Error(`${imageFile} is signed, and each signature is different`);
  const folder = await mkdtemp(join(tmpdir(), 'image-judge-'));
  try {
    const theirs = join(folder, 'theirs.eif');
    const built = await judge.build(theirs, await splitImage(imageFile, image, folder));
    return {
      sizeBytes: image.sizeBytes,
      pcr0: image.measurements.pcr0,
      difference: await firstDifference(imageFile, theirs, image, built, judge),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstDifference(
  ours: string,
  theirs: string,
  { measurements: { pcr0, pcr1, pcr2 } }: EifImage,
  built: { PCR0: string; PCR1: string; PCR2: string },
  judge: AwsImageJudge,
): Promise<string | null> {
  const { firstByte } = await diffImages(ours, theirs);
  if (firstByte !== undefined) return `byte ${String(firstByte.offset)} (${firstByte.where})`;
  const read = await judge.read(ours);
  if (read.verdict !== 'accepted') return `the crate does not read it: ${read.message}`;
  if (!read.image.crcValid) return 'the crate reports a wrong checksum';
  for (const [name, value] of Object.entries({ PCR0: pcr0, PCR1: pcr1, PCR2: pcr2 } as const)) {
    const pcr = name as 'PCR0' | 'PCR1' | 'PCR2';
    if (built[pcr] !== value || read.image.measurements[pcr] !== value) return name;
  }
  return null;
}

async function splitImage(imageFile: string, image: EifImage, folder: string): Promise<PartFiles> {
  const parts = { kernel: join(folder, 'kernel'), metadata: join(folder, 'metadata.json'), ramdisks: [] as string[] };
  for (const section of image.sections) {
    if (section.type === 'kernel') await copySections(imageFile, [section], parts.kernel);
    if (section.type !== 'ramdisk') continue;
    const ramdisk = join(folder, `ramdisk-${String(parts.ramdisks.length)}`);
    await copySections(imageFile, [section], ramdisk);
    parts.ramdisks.push(ramdisk);
  }
  if (image.metadata === undefined) throw new Error(`${imageFile} has no metadata`);
  await writeFile(parts.metadata, awsMetadata(image.metadata));
  return { arch: image.arch, cmdline: image.cmdline, ...parts };
}

/**
 * Returns the metadata in the form that AWS's tool writes. The names are written out here, so that the comparison also tests the names and
 * the order of our own writer.
 */
export function awsMetadata(metadata: EifMetadata): string {
  return JSON.stringify({
    CustomMetadata: metadata.customMetadata,
    DockerInfo: metadata.dockerInfo,
    BuildMetadata: {
      KernelVersion: metadata.kernelVersion,
      OperatingSystem: metadata.operatingSystem,
      BuildToolVersion: metadata.buildToolVersion,
      BuildTool: metadata.buildTool,
      BuildTime: metadata.buildTime,
    },
    ImageVersion: metadata.imageVersion,
    ImageName: metadata.imageName,
  });
}
