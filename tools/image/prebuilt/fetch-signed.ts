// Fetches publishers' documents over HTTPS, and verifies their OpenPGP signatures.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from '../debian-archive/setup-error';

const TIMEOUT_MS = 300_000;

/** The publisher's host cannot be reached, so the record is `unverified`. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/**
 * @throws UnreachableError if there is no complete answer, or an error status other than 404 and 410
 * @throws SetupError publisher_differs: the publisher does not have this file
 */
export async function fetchBytes(url: string): Promise<Buffer> {
  const host = new URL(url).host;
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    throw new UnreachableError(`${host} could not be reached`, { cause });
  }
  if (response.status === 404 || response.status === 410)
    throw new SetupError('publisher_differs', `${host} does not have ${new URL(url).pathname}`);
  if (!response.ok) throw new UnreachableError(`${host} answered ${response.status}`);
  try {
    return Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    throw new UnreachableError(`${host} ended the download early`, { cause });
  }
}

export interface SignedText {
  readonly text: string;
  /** Fingerprints of the primary keys that signed, 40 hexadecimal digits in upper case. */
  readonly keys: readonly string[];
}

/**
 * Returns the signed part of a clear-signed document, and the keys that signed it. It checks both gpgv's exit code and its status lines.
 *
 * @param keyring the path of a file with public keys, as gpg exports or keeps them
 * @param trusted the fingerprints of the primary keys that count; undefined: every key of the keyring
 * @throws SetupError publisher_differs if no trusted key signed, or a signature is not valid; no_gpgv
 */
export function verifyClearSigned(
  document: Uint8Array,
  keyring: string,
  trusted: ReadonlySet<string> | undefined,
  name: string,
): SignedText {
  const folder = mkdtempSync(join(tmpdir(), 'communique-signed-'));
  try {
    const [input, output] = [join(folder, 'document.asc'), join(folder, 'document')];
    writeFileSync(input, document);
    const { status, stdout, error } = spawnSync(
      'gpgv',
      ['--homedir', folder, '--keyring', keyring, '--status-fd', '1', '--output', output, input],
      { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
    );
    if (error !== undefined)
      throw new SetupError('no_gpgv', 'gpgv cannot be started: apt-get install gpgv', { cause: error });
    const lines = stdout.split('\n').map((line) => line.replace(/^\[GNUPG:\] /, '').split(' '));
    const has = (word: string) => lines.some(([first]) => first === word);
    const valid = lines.flatMap(([first, ...rest]) => (first === 'VALIDSIG' ? [rest.at(-1) ?? ''] : []));
    const bad = ['BADSIG', 'REVKEYSIG', 'NODATA'].filter(has);
    // gpgv also fails if the keyring lacks the key of one signature. The other signatures still count.
    if ((status !== 0 && !has('NO_PUBKEY')) || bad.length > 0)
      throw new SetupError(
        'publisher_differs',
        `the signature of ${name} is not valid (gpgv: exit ${status ?? 'by a signal'}${bad.map((word) => `, ${word}`).join('')})`,
      );
    const keys = valid.filter((key) => trusted === undefined || trusted.has(key));
    if (keys.length === 0)
      throw new SetupError(
        'publisher_differs',
        `${name} is signed by none of its publisher's keys${valid.map((key) => `, but by ${key}`).join('')}`,
      );
    return { text: readFileSync(output, 'utf8'), keys: [...new Set(keys)].sort() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
