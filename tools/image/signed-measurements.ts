import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { WrittenImage } from '@communique-tee/eif';

const NAME = 'measurements.json';
const BILL_OF_MATERIALS = 'sbom.cdx.json';

/**
 * Writes measurements.json (and sbom.cdx.json, if there is one) beside a signed image. Signing changes name, size, SHA-384 and PCR8. The
 * other values come from the measurements.json that the build wrote beside the unsigned image.
 * @param unsigned path of the image before it was signed; the same as `signed` if it was signed in place
 * @param signed path of the signed image
 * @returns one line for people: which file was written, or why none was
 * @throws an error of node:fs if a file cannot be written
 */
export async function writeSignedMeasurements(
  unsigned: string,
  signed: string,
  { measurements, sizeBytes }: Pick<WrittenImage, 'measurements' | 'sizeBytes'>,
): Promise<string> {
  const [from, to] = [dirname(unsigned), dirname(signed)];
  const there = await readMembers(join(to, NAME));
  const beside = await readMembers(join(from, NAME));
  const isOfThisImage = (members: Members | undefined): members is Members =>
    (['pcr0', 'pcr1', 'pcr2'] as const).every((name) => members?.[name] === measurements[name]);
  if (there !== undefined && !isOfThisImage(there) && there['image'] !== basename(signed))
    return `no ${NAME} was written: ${join(to, NAME)} describes another image. Sign into a folder of its own.`;
  const [built, folder] = isOfThisImage(beside) ? [beside, from] : [there, to];
  if (!isOfThisImage(built))
    return `no ${NAME} was written: ${from} has none of this image. Without it, pulumi up and npm run ops cannot use the signed image.`;
  const sha384 = await sha384Of(signed);
  const { $comment, image: _image, ...rest } = built;
  const members = { $comment, image: basename(signed), ...rest, sizeBytes, sha384, ...measurements };
  await replaceFile(join(to, NAME), `${JSON.stringify(members, null, 2)}\n`);
  const bill = await readFile(join(folder, BILL_OF_MATERIALS), 'utf8').catch(() => undefined);
  if (bill !== undefined && typeof built['sha384'] === 'string')
    await replaceFile(join(to, BILL_OF_MATERIALS), bill.replaceAll(built['sha384'], sha384));
  return `${join(to, NAME)} describes the signed image.`;
}

type Members = Readonly<Record<string, unknown>>;

async function readMembers(path: string): Promise<Members | undefined> {
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Members) : undefined;
  } catch {
    return undefined;
  }
}

async function sha384Of(path: string): Promise<string> {
  const hash = createHash('sha384');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Replaces the whole file, so that a reader never sees half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const partial = `${path}.partial`;
  await writeFile(partial, text);
  await rename(partial, path);
}
