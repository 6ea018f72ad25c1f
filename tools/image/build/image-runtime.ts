import { join } from 'node:path';
import { cacheFolder } from '@communique-tee/testing/harness';
import type { ImageArchitecture } from '../inputs/lock-inputs';
import { fetchNpmPackage, lockedPackage, type Lockfile, type NpmPackage } from './npm-package';

/**
 * Node and koffi's native part for an image, as the lockfile pins them. The files of the building machine are never used, because its
 * architecture may differ.
 */
export interface ImageRuntime {
  readonly node: { readonly npm: NpmPackage; readonly path: string };
  readonly koffi: { readonly npm: NpmPackage; readonly path: string };
}

/** @throws BuildError `input_not_locked`, `input_not_found`, `input_changed` */
export async function imageRuntime(lockfile: Lockfile, arch: ImageArchitecture): Promise<ImageRuntime> {
  const npmArch = arch === 'x86_64' ? 'x64' : 'arm64';
  const fetched = async (place: string, ...path: string[]) => {
    const npm = lockedPackage(lockfile, `node_modules/${place}`);
    return { npm, path: join(await fetchNpmPackage(npm, cacheFolder()), ...path) };
  };
  const [node, koffi] = await Promise.all([
    fetched(`node-linux-${npmArch}`, 'bin', 'node'),
    fetched(`@koromix/koffi-linux-${npmArch}`, `linux_${npmArch}`, 'koffi.node'),
  ]);
  return { node, koffi };
}
