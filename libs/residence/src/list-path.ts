// Reads a person's path through the registrar's tree from the static files.
import { decodeUtf8 } from '@communique-tee/protocol';
import { fieldFromHex, fieldToHex, isField, FIELD_BYTES, type Field } from './field';
import { ResidenceListError } from './list-errors';
import { fetchListFile, LIST_FILE_BYTES, listAddress, NODES_PER_FILE } from './list-files';
import { EMPTY_LEAF, MerkleTree, rootOfPath, TREE_DEPTH } from './merkle-tree';
import { ResidenceNoteError } from './note-errors';
import { checkWindow, MAX_ROOT_NOTE_BYTES, openRootNote, type Registrar, type RootNote } from './notes';
import type { Registration } from './registration';
import { leafOf } from './statement';

const FILE_DEPTH = 10;
/** A tree of at most this many files is fetched whole, so that the host learns nothing about the person's place. */
const MAX_FILES_OF_WHOLE_TREE = 16;
const DAY_SECONDS = 86_400;
const ATTEMPT_TIMEOUT_MS = 60_000;
/** The pauses before further attempts, if the fetched files are from two publications. */
const PAUSES_MS = [1000, 3000, 6000];

/** A person's path in the registrar's list: JSON of about 2 KB, which a client keeps for a day. It reveals the person's place. */
export interface ListPath {
  readonly version: 1;
  /** Unix seconds, by the client's clock. */
  readonly fetchedAt: number;
  readonly rootNote: string;
  /** 20 field elements in hex, from the leaf upwards. */
  readonly siblings: readonly string[];
}

export interface OpenedListPath {
  readonly note: RootNote;
  readonly siblings: readonly Field[];
}

export interface ListReader {
  readonly by: Registrar;
  readonly registration: Registration;
  /** `commitmentOf(secret)` */
  readonly commitment: Field;
  /** Unix seconds. */
  readonly now: () => number;
}

export interface FetchListOptions extends ListReader {
  /** The folder of the static files: https, or http on this machine. */
  readonly files: string | URL;
  readonly signal?: AbortSignal | undefined;
  /** Called if the registrar updated the list between two fetches. The next attempt starts after `waitMs`. */
  readonly onUpdating?: ((waitMs: number) => void) | undefined;
  /** The pauses between attempts. The default is 1, 3 and 6 seconds. */
  readonly pausesMs?: readonly number[];
}

/**
 * Fetches the root note, the subtree roots and the leaves, and computes the path. If the tree has at most 16 files, it fetches all of
 * them. In a larger tree it fetches only the person's file, so the host learns which file that is. It trusts only data that hashes to the
 * signed root.
 * @throws ResidenceListError, ResidenceNoteError, or the signal's reason
 */
export async function fetchListPath(options: FetchListOptions): Promise<ListPath> {
  const address = listAddress(options.files);
  const pauses = options.pausesMs ?? PAUSES_MS;
  for (let attempt = 0; ; attempt++) {
    const path = await fetchOnce(address, options);
    if (path !== 'mixed') return path;
    const waitMs = pauses[attempt];
    if (waitMs === undefined)
      throw new ResidenceListError(
        'ERR_RESIDENCE_LIST_UPDATING',
        'the registrar’s list is being updated: try again soon',
      );
    options.onUpdating?.(waitMs);
    await pause(waitMs, options.signal);
  }
}

/**
 * Opens a kept path. Checks the root note's signature and time, and that the path leads from this person's leaf to the note's root.
 * @throws ResidenceNoteError; ResidenceListError `ERR_RESIDENCE_NOT_LISTED` if the path is of another registration
 */
export function openListPath(path: ListPath, { by, registration, commitment, now }: ListReader): OpenedListPath {
  const note = openRootNote(path.rootNote, by);
  checkWindow(note, now());
  const siblings = path.siblings.map(fieldFromHex);
  const leaf = leafOf({ commitment, ...registration });
  if (!isSame(rootOfPath(leaf, registration.index, siblings), note.root)) throw notListed();
  return { note, siblings };
}

/** Whether a kept path can be used without a new fetch: it is younger than a day, and its root is valid for more than another day. */
export function isFreshListPath(path: ListPath, reader: ListReader): boolean {
  try {
    const age = reader.now() - path.fetchedAt;
    return age >= 0 && age < DAY_SECONDS && openListPath(path, reader).note.notAfter - reader.now() > DAY_SECONDS;
  } catch {
    return false;
  }
}

/**
 * Fetches the root note and checks its signature. To check whether the note is valid now, call `checkWindow`.
 * @param files the folder of the static files: https, or http on this machine
 * @param limits `deadlineMs` is a time of Date.now(). The request ends after 20 seconds even if the deadline is later
 * @returns null if there is no note (404)
 * @throws ResidenceListError, ResidenceNoteError, or the signal's reason
 */
export async function fetchRootNote(
  files: string | URL,
  by: Registrar,
  limits: { readonly signal?: AbortSignal | undefined; readonly deadlineMs: number },
): Promise<{ readonly text: string; readonly note: RootNote } | null> {
  const bytes = await fetchListFile(new URL('root.note', listAddress(files)), MAX_ROOT_NOTE_BYTES, limits);
  if (bytes === null) return null;
  const text = textOf(bytes);
  return { text, note: openRootNote(text, by) };
}

async function fetchOnce(address: URL, options: FetchListOptions): Promise<ListPath | 'mixed'> {
  const { by, registration, commitment, now, signal } = options;
  const deadlineMs = Date.now() + ATTEMPT_TIMEOUT_MS;
  const get = (name: string, maxBytes: number) =>
    fetchListFile(new URL(name, address), maxBytes, { signal, deadlineMs });
  const published = await fetchRootNote(address, by, { signal, deadlineMs });
  if (published === null)
    throw new ResidenceListError('ERR_RESIDENCE_LIST_UNREACHABLE', 'the registrar has published no list there');
  const { text: rootNote, note } = published;
  checkWindow(note, now());
  const folder = fieldToHex(note.root);

  const subtrees = nodesOf(await get(`${folder}/subtrees`, LIST_FILE_BYTES));
  if (subtrees === null) return 'mixed';
  const top = MerkleTree.of(subtrees, { depth: TREE_DEPTH - FILE_DEPTH, level: FILE_DEPTH });
  if (!isSame(top.root, note.root)) return 'mixed';

  const { index } = registration;
  const own = Math.floor(index / NODES_PER_FILE);
  const files = await fetchLeaves(note, own, (file) => get(`${folder}/leaves/${file}`, LIST_FILE_BYTES));
  const leaves = files.get(own) ?? [];
  const part = MerkleTree.of(leaves, { depth: FILE_DEPTH, level: 0 });
  if (!isSame(part.root, subtrees[own] ?? EMPTY_LEAF)) return 'mixed';

  const place = index % NODES_PER_FILE;
  if (!isSame(leaves[place] ?? EMPTY_LEAF, leafOf({ commitment, ...registration }))) throw notListed();
  const siblings = [...part.path(place), ...top.path(own)].map(fieldToHex);
  return { version: 1, fetchedAt: now(), rootNote, siblings };
}

/** Fetches all files of a small tree, but of a larger tree only the person's file. Skips missing and malformed files. */
async function fetchLeaves(
  { places }: RootNote,
  own: number,
  get: (file: number) => Promise<Uint8Array | null>,
): Promise<Map<number, Field[]>> {
  const inUse = Math.ceil(places / NODES_PER_FILE);
  const wanted = inUse <= MAX_FILES_OF_WHOLE_TREE ? Array.from({ length: inUse }, (_, file) => file) : [own];
  const files = new Map<number, Field[]>();
  // One after the other, so that the host is not flooded. The order is always the same, so it reveals nothing.
  for (const file of wanted) {
    const nodes = nodesOf(await get(file));
    if (nodes !== null) files.set(file, nodes);
  }
  return files;
}

function textOf(note: Uint8Array): string {
  try {
    return decodeUtf8(note);
  } catch (cause) {
    throw new ResidenceNoteError('ERR_RESIDENCE_NOTE', 'the root note is not UTF-8', { cause });
  }
}

/** Returns the 1,024 field elements of a file, or null if the content is anything else. */
function nodesOf(bytes: Uint8Array | null): Field[] | null {
  if (bytes?.length !== LIST_FILE_BYTES) return null;
  const nodes = Array.from({ length: NODES_PER_FILE }, (_, at) =>
    bytes.slice(at * FIELD_BYTES, (at + 1) * FIELD_BYTES),
  );
  return nodes.every(isField) ? nodes : null;
}

function isSame(a: Field, b: Field): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal?.addEventListener('abort', over);
  });
  signal?.throwIfAborted();
}

function notListed(): ResidenceListError {
  return new ResidenceListError(
    'ERR_RESIDENCE_NOT_LISTED',
    'this registration is not in the registrar’s list: it is not published yet, or was removed',
  );
}
