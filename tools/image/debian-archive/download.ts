// Fetches files of the Debian archive with apt, which knows the machine's proxies and credentials. Checks a kept file's hash at each use.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { cacheFolder } from '@communique-tee/testing/harness';
import type { ArchiveFile } from './lock';
import { archiveOf, findMirror, type Mirror } from './mirror';
import { say } from './say';
import { SetupError } from './setup-error';

const APT_HELPER = '/usr/lib/apt/apt-helper';
const DOWNLOAD_TIMEOUT_MS = 600_000;
const FILES_AT_ONCE = 40;

/** `label` is the file's name for people ("meson 1.7.0-1"). `suite` decides the archive: Debian's, or that of its security team. */
export interface Wanted {
  readonly file: ArchiveFile;
  readonly suite: string;
  readonly label: string;
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/**
 * Fetches the files that are not in the folder yet. If one fails, the others stay, so the next run fetches only the rest.
 *
 * @returns the files' paths, in the order of `wanted`
 * @throws SetupError version_gone, wrong_hash, download_failed, no_mirror
 */
export async function download(
  wanted: readonly Wanted[],
  folder = join(cacheFolder(), 'downloads'),
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const place = ({ file }: Wanted) => join(folder, `${file.sha256.slice(0, 16)}-${basename(file.path)}`);
  const missing: Wanted[] = [];
  for (const item of wanted) if (!(await isKept(place(item), item.file))) missing.push(item);
  if (missing.length > 0) {
    const mirror = findMirror();
    const totalMiB = missing.reduce((sum, { file }) => sum + file.bytes, 0) / 2 ** 20;
    say(`fetching ${missing.length} of ${wanted.length} files, ${totalMiB.toFixed(0)} MiB`);
    for (let at = 0; at < missing.length; at += FILES_AT_ONCE) {
      await fetchSome(missing.slice(at, at + FILES_AT_ONCE), mirror, place);
    }
  }
  return wanted.map(place);
}

async function isKept(path: string, file: ArchiveFile): Promise<boolean> {
  if (!existsSync(path)) return false;
  if (statSync(path).size === file.bytes && (await sha256Of(path)) === file.sha256) return true;
  rmSync(path);
  return false;
}

async function fetchSome(items: readonly Wanted[], mirror: Mirror, place: (item: Wanted) => string): Promise<void> {
  const draft = (item: Wanted) => `${place(item)}.${process.pid}`;
  const triples = items.flatMap((item) => [
    `${archiveOf(mirror, item.suite)}/${item.file.path}`,
    draft(item),
    `SHA256:${item.file.sha256}`,
  ]);
  const said = await aptHelper(triples);
  let failed: Wanted | undefined;
  for (const item of items) {
    if (await isKept(draft(item), item.file)) renameSync(draft(item), place(item));
    else failed ??= item;
  }
  for (const item of items) for (const end of ['', '.FAILED']) rmSync(`${draft(item)}${end}`, { force: true });
  if (failed) throw explain(failed, said);
}

function explain({ label, file, suite }: Wanted, said: string): SetupError {
  const name = basename(file.path);
  const its = said
    .split('\n')
    .filter((line) => /^(E:|Err:| {2})/.test(line))
    .slice(0, 4)
    .join('\n  ');
  if (/Hash Sum mismatch/i.test(said))
    return new SetupError('wrong_hash', `${label}: the mirror's ${name} has another SHA-256 than the lock says`);
  if (/\b404\b/.test(said)) {
    return new SetupError(
      'version_gone',
      `${label} (${suite}) is gone from the mirror: ${name}. Either set COMMUNIQUE_DEBIAN_MIRROR to an archive that still has it ` +
        '(a snapshot of the day in the lock file), or move on with --update-lock, which changes what is built.',
    );
  }
  return new SetupError('download_failed', `${label} could not be fetched:\n  ${its || 'apt said nothing'}`);
}

/** Runs apt's downloader and returns its output. The caller checks the files, not the exit code. */
function aptHelper(triples: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      APT_HELPER,
      ['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=3', 'download-file', ...triples],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, LC_ALL: 'C' },
        timeout: DOWNLOAD_TIMEOUT_MS,
      },
    );
    let said = '';
    const note = (chunk: Buffer) => void (said = (said + chunk.toString('utf8')).slice(-100_000));
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.on('error', (cause) =>
      reject(
        new SetupError(
          'download_failed',
          `${APT_HELPER} is not here: this needs a Debian or Ubuntu system, or the container in docker/`,
          { cause },
        ),
      ),
    );
    child.on('close', () => resolve(said));
  });
}
