// Compares Node's binary in an npm package with the one that the Node.js release team signed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Of } from '../debian-archive/download';
import { SetupError } from '../debian-archive/setup-error';
import { fetchBytes, verifyClearSigned } from './fetch-signed';
import type { Check } from './record';

/**
 * Fingerprints of the active releasers' primary keys (nodejs/release-keys, README, in November 2026). Only signatures by these keys count,
 * wherever the keyring comes from.
 */
export const NODE_RELEASERS: ReadonlySet<string> = new Set([
  '5BE8A3F6C8A5C01D106C0AD820B1A390B168D356',
  'C0D6248439F1D5604AAFFB4021D900FFDB233756',
  'DD792F5973C6DE52C432CBDAC77ABFA00DDBF2B7',
  'CC68F5A3106FF448322E48ED27F5E38D5B0A215F',
  '8FCCA13FEF1D0C2E91008E09770F7A9A5AE15600',
  '890C08DB8579162FEE0DF9DB8BEAB4DFCF555EF4',
  'C82FA3AE1CBEDC6BE46B9360C43CEC45C17AB93C',
  '108F52B48DB57BB0CC439B2997B01419BD92F80A',
  'A363A499291CBBC940DD62E41F10027AF002F8B0',
]);

export interface NodeSources {
  /** The address of the releases, or of any mirror: it has `<dist>/v24.21.0/SHASUMS256.txt.asc`. */
  readonly dist: string;
  /** The address of a keyring with the releasers' public keys. */
  readonly keyring: string;
  readonly releasers: ReadonlySet<string>;
}

export const NODE_SOURCES: NodeSources = {
  dist: 'https://nodejs.org/dist',
  keyring: 'https://raw.githubusercontent.com/nodejs/release-keys/HEAD/gpg/pubring.kbx',
  releasers: NODE_RELEASERS,
};

/**
 * Fetches Node's archive, checks it against the signed list of hashes, and compares the archive's bin/node with ours.
 *
 * @param sha256 the SHA-256 of our bin/node
 * @throws UnreachableError
 * @throws SetupError publisher_differs, no_gpgv
 */
export async function compareNode(
  { version, architecture, sha256 }: { version: string; architecture: 'x64' | 'arm64'; sha256: string },
  { dist, keyring, releasers }: NodeSources,
  today: string,
): Promise<Check> {
  const folder = mkdtempSync(join(tmpdir(), 'communique-node-'));
  try {
    const list = `SHASUMS256.txt.asc of Node ${version}`;
    const document = await fetchBytes(`${dist}/v${version}/SHASUMS256.txt.asc`);
    const keyringFile = join(folder, 'keyring');
    writeFileSync(keyringFile, await fetchBytes(keyring));
    const { text, keys } = verifyClearSigned(document, keyringFile, releasers, list);
    const name = `node-v${version}-linux-${architecture}`;
    const listed = text
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(([, file]) => file === `${name}.tar.gz`)?.[0];
    if (listed === undefined) throw new SetupError('publisher_differs', `${list} does not list ${name}.tar.gz`);
    const archive = await fetchBytes(`${dist}/v${version}/${name}.tar.gz`);
    if (createHash('sha256').update(archive).digest('hex') !== listed)
      throw new SetupError('publisher_differs', `${name}.tar.gz is not the file in ${list}`);
    writeFileSync(join(folder, 'archive.tar.gz'), archive);
    const { status } = spawnSync('tar', ['-xzf', 'archive.tar.gz', `${name}/bin/node`], { cwd: folder });
    if (status !== 0) throw new SetupError('publisher_differs', `${name}.tar.gz has no bin/node`);
    const theirs = await sha256Of(join(folder, name, 'bin', 'node'));
    if (theirs !== sha256)
      throw new SetupError(
        'publisher_differs',
        `node-linux-${architecture} ${version} on npm is not the Node that its release team signed: bin/node has SHA-256 ${sha256}, and theirs ${theirs}`,
      );
    return { state: 'verified', on: today, by: `${name}.tar.gz in SHASUMS256.txt.asc`, keys: [...keys] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
