// Checks that the lock file has a record of each prebuilt file of a build.
import { BuildError } from '../build/build-error';
import { sha256Of } from '../debian-archive/download';
import type { NpmPackage } from '../build/npm-package';
import type { ImageLock, NpmRecord } from './record';

/** @throws BuildError prebuilt_not_compared if the lock file has no record of exactly this file */
export async function requireCompared(
  lock: ImageLock,
  architecture: NpmRecord['architecture'],
  files: readonly { readonly npm: Pick<NpmPackage, 'name' | 'version'>; readonly path: string }[],
): Promise<void> {
  for (const { npm, path } of files) {
    const sha256 = await sha256Of(path);
    const found = lock.prebuilt.some(
      (record) =>
        record.kind === 'npm' &&
        record.architecture === architecture &&
        record.name === npm.name &&
        record.version === npm.version &&
        record.sha256 === sha256,
    );
    if (!found)
      throw new BuildError(
        'prebuilt_not_compared',
        `${npm.name} ${npm.version} is not in image/image.lock.json: run npm run image -- prebuilt, which compares it with what its publisher signed`,
      );
  }
}
