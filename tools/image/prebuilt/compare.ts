// Compares prebuilt files with the hashes that their publishers signed: those in the image, and the Debian packages that build the image.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '@communique-tee/testing/harness';
import { BuildError } from '../build/build-error';
import { fetchNpmPackage, lockedPackage, readLockfile, type NpmPackage } from '../build/npm-package';
import { sha256Of } from '../debian-archive/download';
import type { Lock } from '../debian-archive/lock';
import { DEBIAN_KEYRING, indexKey, openResolver, type Indexed } from '../debian-archive/resolve';
import { SetupError } from '../debian-archive/setup-error';
import { UnreachableError, verifyClearSigned } from './fetch-signed';
import { compareNode, NODE_SOURCES, type NodeSources } from './node-release';
import { compareNpmPackage, viewWithNpm, type ViewDist } from './npm-signature';
import { groupSha256, type Check, type ImageLock, type NpmRecord, type PrebuiltRecord } from './record';

export interface Publishers {
  readonly node: NodeSources;
  readonly npm: ViewDist;
}

export const PUBLISHERS: Publishers = { node: NODE_SOURCES, npm: viewWithNpm };

/** The image's architectures, with npm's names for them. */
export const NPM_FILES = [
  { architecture: 'x86_64', npmArchitecture: 'x64' },
  { architecture: 'arm64', npmArchitecture: 'arm64' },
] as const;

/**
 * Returns a record for each file of an npm package and each group of Debian packages. If a file cannot be verified now, its earlier
 * `verified` record stays.
 *
 * @param lock the lock file, with its earlier records if it has any
 * @param today the date for the records, YYYY-MM-DD
 * @throws SetupError publisher_differs: a file is not the one that its publisher signed; no_gpgv, download_failed, no_mirror
 */
export async function comparePrebuilt(
  root: string,
  lock: Lock & Partial<ImageLock>,
  today: string,
  { node, npm }: Publishers = PUBLISHERS,
): Promise<PrebuiltRecord[]> {
  const lockfile = readLockfile(root);
  const records: PrebuiltRecord[] = [];
  for (const { architecture, npmArchitecture } of NPM_FILES) {
    const nodePackage = lockedPackage(lockfile, `node_modules/node-linux-${npmArchitecture}`);
    const nodeFile = join(await fetched(nodePackage), 'bin', 'node');
    const nodeSha256 = await sha256Of(nodeFile);
    records.push({
      ...named(nodePackage, architecture, 'usr/bin/node', nodeSha256),
      publisher: 'the Node.js release team',
      check: await unlessOutOfReach(today, () =>
        compareNode({ version: nodePackage.version, architecture: npmArchitecture, sha256: nodeSha256 }, node, today),
      ),
    });
    const koffi = lockedPackage(lockfile, `node_modules/@koromix/koffi-linux-${npmArchitecture}`);
    const koffiFolder = await fetched(koffi);
    records.push({
      ...named(
        koffi,
        architecture,
        'app/koffi.node',
        await sha256Of(join(koffiFolder, `linux_${npmArchitecture}`, 'koffi.node')),
      ),
      publisher: 'koffi’s author (npm account)',
      check: await unlessOutOfReach(today, () => compareNpmPackage(koffi, npm, today)),
    });
  }
  return keepVerified([...records, ...compareDebian(lock, today)], lock.prebuilt ?? []);
}

export function keepVerified(now: readonly PrebuiltRecord[], before: readonly PrebuiltRecord[]): PrebuiltRecord[] {
  const identity = ({ check: _check, ...rest }: PrebuiltRecord) => JSON.stringify(Object.entries(rest).sort());
  const verified = new Map(before.flatMap((each) => (each.check.state === 'verified' ? [[identity(each), each]] : [])));
  return now.map((each) => (each.check.state === 'verified' ? each : (verified.get(identity(each)) ?? each)));
}

const named = (
  { name, version }: { name: string; version: string },
  architecture: NpmRecord['architecture'],
  file: string,
  sha256: string,
) => ({ kind: 'npm' as const, file, architecture, name, version, sha256 });

async function fetched(wanted: NpmPackage): Promise<string> {
  try {
    return await fetchNpmPackage(wanted, cacheFolder());
  } catch (cause) {
    if (!(cause instanceof BuildError)) throw cause;
    throw new SetupError('download_failed', cause.message, { cause });
  }
}

async function unlessOutOfReach(today: string, compare: () => Promise<Check>): Promise<Check> {
  try {
    return await compare();
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return { state: 'unverified', on: today, reason: error.message };
  }
}

function compareDebian(lock: Lock, today: string): PrebuiltRecord[] {
  const resolver = openResolver();
  try {
    const indexed = resolver.indexed(Object.values(lock.groups).flat());
    return debianRecords(lock, indexed, today, DEBIAN_KEYRING);
  } finally {
    resolver.close();
  }
}

/**
 * Returns a record for each group of Debian packages. Verifies the signatures of Debian's indexes again, after apt, to record the signers.
 *
 * @throws SetupError publisher_differs
 */
export function debianRecords(
  lock: Lock,
  { sha256, files }: Indexed,
  today: string,
  keyring: string,
): PrebuiltRecord[] {
  const keys = new Set(
    files.flatMap((file) => verifyClearSigned(readFileSync(file), keyring, undefined, 'Debian’s InRelease').keys),
  );
  return Object.entries(lock.groups).map(([group, packages]) => {
    const gone: string[] = [];
    for (const each of packages) {
      const found = sha256.get(indexKey(each));
      if (found === undefined) gone.push(`${each.name} ${each.version}`);
      else if (found !== each.sha256)
        throw new SetupError(
          'publisher_differs',
          `${each.name} ${each.version} in group ${group} is not the file in Debian's index`,
        );
    }
    const check: Check =
      gone.length === 0
        ? { state: 'verified', on: today, by: 'InRelease of bookworm and bookworm-security', keys: [...keys].sort() }
        : { state: 'unverified', on: today, reason: `no longer in Debian's index: ${gone.join(', ')}` };
    return {
      kind: 'debian',
      group,
      packages: packages.length,
      sha256: groupSha256(packages),
      publisher: 'Debian',
      check,
    };
  });
}
