import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { REFERENCE_STRING_SHA256 } from '@communique-tee/residence';
import { bundleVerifier, writeVerifier } from '../../cli/one-file/bundle.mjs';
import { lockedPackage, readLockfile } from '../../image/build/npm-package';
import { sourceOf } from '../../image/build/source';
import { readImageLock } from '../../image/inputs/lock-inputs';
import { unverifiedLines } from '../../image/prebuilt/record';
import { layOut, NPM_ARCHITECTURE, type Architecture } from './contents';
import { filesOf, type Manifest } from './manifest';

const run = promisify(execFile);

export interface BuiltRelease {
  readonly file: string;
  /** SHA-256 of the archive, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Object key in the S3 bucket for releases. */
  readonly key: string;
  readonly manifest: Manifest;
  /** The commit that was built, `<commit>+changes` if the tree differs from it; null if git cannot report it. */
  readonly commit: string | null;
  /** SHA-256 of the reference string in the archive; null if the archive has none. */
  readonly referenceString: string | null;
  /** The command for auditors, which lies beside the archive. */
  readonly verifier: { readonly name: string; readonly sha256: string; readonly sizeBytes: number };
  /** One line for each prebuilt program of the archive that was not compared with its publisher's signed hash. */
  readonly unverified: readonly string[];
}

/**
 * Builds `<outFolder>/communique-tee-<arch>.tar.gz`, and beside it `release.json`, `communique-tee.mjs` and its hash. The same sources,
 * lockfile and arguments give the same bytes. Needs GNU tar and gzip.
 */
export async function buildRelease({
  root,
  arch,
  outFolder,
  referenceString,
  step = () => undefined,
}: {
  readonly root: string;
  readonly arch: Architecture;
  readonly outFolder: string;
  /** The reference string, for pages that prove residence: 262,208 bytes with the pinned hash. */
  readonly referenceString?: Uint8Array | undefined;
  /** Called at the beginning of each step, to show progress. */
  readonly step?: (title: string) => void;
}): Promise<BuiltRelease> {
  const work = await mkdtemp(join(tmpdir(), 'communique-release-'));
  try {
    const folder = join(work, 'release');
    step(`building gateway, parent's programs, migrations and Node for ${arch}`);
    await layOut(root, folder, arch, referenceString);
    step('packing');
    // Remove esbuild's metadata, which contains paths of this machine.
    for (const app of ['gateway', 'parent']) await rm(join(folder, app, 'meta.json'), { force: true });
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    const manifest: Manifest = {
      version,
      arch,
      node: lockedPackage(readLockfile(root), `node_modules/node-linux-${NPM_ARCHITECTURE[arch]}`).version,
      files: await filesOf(folder),
    };
    await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
    const tar = join(work, 'release.tar');
    // Fix order, time and owner, and make modes independent of the umask.
    await run(
      'tar',
      [
        '--create',
        '--file',
        tar,
        '--directory',
        folder,
        '--format=ustar',
        '--sort=name',
        '--mtime=@0',
        '--owner=root:0',
        '--group=root:0',
        '--mode=u=rwX,go=rX',
        '.',
      ],
      { env: { ...process.env, LC_ALL: 'C' } },
    );
    // Not Node's zlib, whose output differs by processor. -n: no name, no time.
    await run('gzip', ['-6', '-n', tar]);
    await mkdir(outFolder, { recursive: true });
    const file = join(outFolder, `communique-tee-${arch}.tar.gz`);
    await rename(`${tar}.gz`, file).catch(async (error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
      await run('cp', [`${tar}.gz`, file]);
    });
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    const sha256 = hash.digest('hex');
    const unverified = unverifiedLines(
      readImageLock(root).prebuilt.filter(({ kind }) => kind === 'npm'),
      arch,
    );
    const verifier = await attachVerifier(root, outFolder);
    const built = {
      file,
      unverified,
      sha256,
      sizeBytes: (await stat(file)).size,
      key: `releases/${sha256}.tar.gz`,
      manifest,
      commit: sourceOf(root).commit,
      referenceString: referenceString === undefined ? null : REFERENCE_STRING_SHA256,
      verifier,
    };
    await writeFile(
      join(outFolder, 'release.json'),
      `${JSON.stringify({ version, commit: built.commit, arch, sha256, sizeBytes: built.sizeBytes, key: built.key, node: manifest.node, referenceString: built.referenceString, verifier, unverified }, null, 2)}\n`,
    );
    return built;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Puts `communique-tee.mjs` and `communique-tee.mjs.sha256` into the release's folder, for the operator to publish.
 * @returns the entry `verifier` of release.json
 */
export async function attachVerifier(root: string, outFolder: string): Promise<BuiltRelease['verifier']> {
  const file = await bundleVerifier(root);
  writeVerifier(file, outFolder);
  return { name: file.name, sha256: file.sha256, sizeBytes: file.bytes.length };
}
