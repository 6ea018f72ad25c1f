import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { sourceOf } from '../../image/build/source';
import type { Plan } from '../preflight/plan/read-plan';
import type { Deployment } from './deployment';

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${String(digits)}}$`));
const commit = z.string().max(128).nullish();
const measurements = z.object({ pcr0: hex(96), commit, configurationSha256: hex(64).nullish() });
const release = z.object({ sha256: hex(64), arch: z.string(), commit });

export type Measurements = z.output<typeof measurements>;

/** The image's folder. `given`: whether the stack's configuration names it (`imageFolder`); then this command does not build the image. */
export function imageFolder({ root, stack, options }: Deployment, { architecture }: Pick<Plan, 'architecture'>) {
  const given = options.stackFile.values.get('imageFolder');
  const folder = given ?? join('dist', 'image', `${stack}-${architecture}`);
  return { shown: folder, path: isAbsolute(folder) ? folder : join(root, folder), given: given !== undefined };
}

export async function readMeasurements(folder: string): Promise<Measurements | undefined> {
  return measurements.safeParse(await readJson(join(folder, 'measurements.json'))).data;
}

/** @returns why the image has to be built; undefined if it is of this commit and this configuration */
export async function imageIsStale(
  { root, stack }: Deployment,
  built: Measurements | undefined,
): Promise<string | undefined> {
  if (built === undefined) return 'it is not built yet';
  const file = join('apps', 'enclave', 'config', `${stack}.json`);
  const configuration = await readFile(join(root, file)).catch(() => undefined);
  if (configuration === undefined || built.configurationSha256 !== sha256(configuration))
    return `it was built with another ${file}`;
  return otherSource(root, built.commit);
}

/** @returns why the release has to be built; undefined if it was built from this commit */
export async function releaseIsStale({ root }: Deployment, architecture: string): Promise<string | undefined> {
  const folder = join(root, 'dist', 'release');
  const described = release.safeParse(await readJson(join(folder, 'release.json'))).data;
  const archive = await readFile(join(folder, `communique-tee-${architecture}.tar.gz`)).catch(() => undefined);
  if (archive === undefined) return 'it is not built yet';
  if (described?.arch !== architecture || described.sha256 !== sha256(archive))
    return 'release.json describes another archive';
  return otherSource(root, described.commit);
}

function otherSource(root: string, built: string | null | undefined): string | undefined {
  const { commit: now } = sourceOf(root);
  if (now === null) return 'git cannot tell the commit of this checkout';
  if (now.endsWith('+changes')) return 'files of this checkout are not committed';
  return built === now ? undefined : 'it was built from another commit';
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
