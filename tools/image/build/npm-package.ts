import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { isSealed, seal } from '../debian-archive/seal';
import { BuildError } from './build-error';

const run = promisify(execFile);

const lockfileSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), integrity: z.string().optional(), license: z.string().optional() }),
  ),
});
export type Lockfile = z.infer<typeof lockfileSchema>['packages'];

export interface NpmPackage {
  name: string;
  version: string;
  /** The hash of the tarball as in the lockfile, `sha512-<base64>`. */
  integrity: string;
  license: string | undefined;
}

export function readLockfile(root: string): Lockfile {
  return lockfileSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))).packages;
}

/** Returns a package of the lockfile. @param place the package's path there, such as `node_modules/a/node_modules/b` */
export function lockedPackage(lockfile: Lockfile, place: string): NpmPackage {
  const entry = lockfile[place];
  if (entry?.version === undefined || entry.integrity === undefined)
    throw new BuildError('input_not_locked', `package-lock.json does not pin ${place}`);
  return {
    name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version: entry.version,
    integrity: entry.integrity,
    license: entry.license,
  };
}

/**
 * Downloads the tarball that the lockfile pins, and unpacks it into the cache. Checks the unpacked files at each use. Unlike `npm ci`, it
 * also accepts packages for other platforms than this machine's.
 * @returns the folder with the package's package.json. @throws BuildError `input_not_found` | `input_changed`
 */
export async function fetchNpmPackage(wanted: NpmPackage, cacheFolder: string, pack = packWithNpm): Promise<string> {
  const folder = join(
    cacheFolder,
    'npm',
    `${wanted.name.replaceAll('/', '+')}-${wanted.version}-${createHash('sha256').update(wanted.integrity).digest('hex').slice(0, 16)}-sealed`,
  );
  if (await isSealed(folder)) return join(folder, 'package');
  await mkdir(join(cacheFolder, 'npm'), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  try {
    const tarball = await pack(wanted, draft);
    const [algorithm = '', expected] = wanted.integrity.split('-', 2);
    if (
      algorithm !== 'sha512' ||
      createHash(algorithm)
        .update(await readFile(tarball))
        .digest('base64') !== expected
    ) {
      throw new BuildError(
        'input_changed',
        `${wanted.name} ${wanted.version} is not the file that package-lock.json pins`,
      );
    }
    await run('tar', ['-xzf', tarball, '-C', draft, '--no-same-owner']);
    await rm(tarball);
    await seal(draft);
    await rename(draft, folder).catch(async (error: unknown) => {
      // Another build has made the folder meanwhile.
      if (!existsSync(folder)) throw error;
      await rm(draft, { recursive: true });
    });
    return join(folder, 'package');
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

async function packWithNpm({ name, version }: NpmPackage, folder: string): Promise<string> {
  try {
    const { stdout } = await run(
      'npm',
      ['pack', `${name}@${version}`, '--pack-destination', folder, '--silent', '--ignore-scripts'],
      { cwd: folder, maxBuffer: 1024 * 1024 },
    );
    return join(folder, stdout.trim().split('\n').at(-1) ?? '');
  } catch (cause) {
    throw new BuildError(
      'input_not_found',
      `${name} ${version} could not be fetched from the npm registry (npm pack)`,
      {
        cause,
      },
    );
  }
}
