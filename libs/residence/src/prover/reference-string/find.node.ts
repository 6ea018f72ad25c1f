import { mkdir, open, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { REFERENCE_STRING_BYTES, REFERENCE_STRING_POINTS } from '../../barretenberg/reference-string';
import { isReferenceString } from '../prove-in-worker';
import { DownloadError, downloadStart } from './download';
import { expandPoints } from './expand';

/** 4,097 points of BN254's first group, 64 bytes each. */
export const REFERENCE_STRING_FILE = 'bn254_g1_4097.dat';
/** The public hosts of Aztec's ceremony. The second is tried if the first fails. Both serve compressed points of 32 bytes. */
export const REFERENCE_STRING_HOSTS = ['https://crs.aztec-cdn.foundation', 'https://crs.aztec-labs.com'];
const HOSTED_FILE = 'g1_compressed.dat';

export interface ReferenceStringPlaces {
  /** A file that the user named. If it is set, no other place is read. */
  readonly file?: string | undefined;
  /** Folders that may have {@link REFERENCE_STRING_FILE}, read in this order. */
  readonly folders?: readonly string[];
  /** Read after `folders`. A downloaded string is written here. */
  readonly cacheFolder?: string | undefined;
  /** The hosts to download from, such as {@link REFERENCE_STRING_HOSTS}; none by default. Each serves 131,104 bytes. */
  readonly hosts?: readonly string[];
  readonly fetch?: typeof fetch;
  /** The limit for each host. Default: 20,000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface FoundReferenceString {
  /** 262,208 bytes with the pinned hash. */
  readonly bytes: Uint8Array;
  /** The path or host that the string came from. */
  readonly from: string;
}

/**
 * Reads the reference string from the first place that has it, and checks its hash each time. A damaged file in the cache is deleted.
 * @returns undefined if no place has the string
 * @throws the signal's reason
 */
export async function findReferenceString(places: ReferenceStringPlaces): Promise<FoundReferenceString | undefined> {
  const { file, folders = [], cacheFolder } = places;
  if (file !== undefined) return readString(file);
  for (const folder of folders) {
    const found = await readString(join(folder, REFERENCE_STRING_FILE));
    if (found !== undefined) return found;
  }
  const cached = cacheFolder === undefined ? undefined : join(cacheFolder, REFERENCE_STRING_FILE);
  if (cached !== undefined) {
    const found = await readString(cached);
    if (found !== undefined) return found;
    await rm(cached, { force: true }).catch(() => undefined);
  }
  const downloaded = await download(places);
  if (downloaded !== undefined && cached !== undefined) await keep(cached, downloaded.bytes);
  return downloaded;
}

async function readString(path: string): Promise<FoundReferenceString | undefined> {
  const bytes = await readWhole(path, REFERENCE_STRING_BYTES).catch(() => undefined);
  return bytes !== undefined && isReferenceString(bytes) ? { bytes, from: path } : undefined;
}

/** Reads at most one byte more than expected, because the path may name a device. */
async function readWhole(path: string, length: number): Promise<Uint8Array | undefined> {
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(length + 1);
    let at = 0;
    for (let read = -1; read !== 0 && at < bytes.length; at += read)
      ({ bytesRead: read } = await file.read(bytes, at, bytes.length - at, null));
    return at === length ? bytes.slice(0, length) : undefined;
  } finally {
    await file.close();
  }
}

async function download(places: ReferenceStringPlaces): Promise<FoundReferenceString | undefined> {
  const { hosts = [], fetch = globalThis.fetch, timeoutMs = 20_000, signal } = places;
  for (const host of hosts) {
    try {
      const length = REFERENCE_STRING_POINTS * 32;
      const compressed = await downloadStart(`${host}/${HOSTED_FILE}`, length, { fetch, timeoutMs, signal });
      const bytes = expandPoints(compressed);
      if (isReferenceString(bytes)) return { bytes, from: host };
    } catch (error) {
      if (!(error instanceof DownloadError || error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

/** Writes the cache. Ignores failures, because the string itself was found. */
async function keep(path: string, bytes: Uint8Array): Promise<void> {
  const half = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(half, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await rename(half, path);
  } catch {
    await rm(half, { force: true }).catch(() => undefined);
  }
}
