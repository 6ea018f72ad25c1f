// The registrar's two kinds of signed notes (C2SP signed-note): root notes and campaign notes.
import { LIMITS, RESIDENCE_ID_PATTERN } from '@communique-tee/protocol';
import {
  openNote,
  parseVerifierKey,
  type SignatureCheck,
  signNote,
  type SigningKey,
  type VerifierKey,
} from '@communique-tee/transparency';
import { fieldFromHex, fieldToHex, type Field } from './field';
import { TREE_PLACES } from './merkle-tree';
import { ResidenceNoteError } from './note-errors';

const ROOT_TITLE = 'communique-tee residence root v1';
const CAMPAIGN_TITLE = 'communique-tee campaign v1';
const DAY_SECONDS = 86_400;

/** The limits of a whole note, with all signatures, in bytes of UTF-8. */
export const { maxRootNoteBytes: MAX_ROOT_NOTE_BYTES, maxCampaignNoteBytes: MAX_CAMPAIGN_NOTE_BYTES } = LIMITS;
/** At most 14 days, because a revoked person can prove residence until the last root with their commitment ends. */
export const MAX_ROOT_SECONDS = 14 * DAY_SECONDS;
/** A checker whose clock is at most this far behind the registrar's still accepts a new note. */
export const NOTE_GRACE_SECONDS = 60;

/** The time in which a note is valid, in Unix seconds: from `notBefore` to just before `notAfter`. */
export interface Window {
  notBefore: number;
  notAfter: number;
}

export interface RootNote extends Window {
  registrar: string;
  root: Field;
  /** Every place of the tree that is in use is below this number. */
  places: number;
}

export interface CampaignNote extends Window {
  registrar: string;
  campaign: string;
}

/** The registrar whose notes are accepted. */
export interface Registrar {
  registrar: string;
  /** One key, or two while the registrar changes its key. */
  keys: readonly VerifierKey[];
  /** Verifies signatures. The default is written in JavaScript. */
  check?: SignatureCheck;
}

/**
 * Reads the configured keys of a registrar: one or two verifier keys whose name is the registrar's id.
 * @throws ResidenceNoteError `ERR_RESIDENCE_KEYS`
 */
export function registrarOf(registrar: string, keys: readonly string[], check?: SignatureCheck): Registrar {
  if (!RESIDENCE_ID_PATTERN.test(registrar)) throw keysRefused('the registrar is not an id');
  if (keys.length < 1 || keys.length > 2 || new Set(keys).size !== keys.length)
    throw keysRefused('there must be one key, or two different keys');
  return { registrar, keys: keys.map((key) => readKey(registrar, key)), ...(check !== undefined && { check }) };
}

function readKey(registrar: string, text: string): VerifierKey {
  let key: VerifierKey;
  try {
    key = parseVerifierKey(text);
  } catch (cause) {
    throw keysRefused('not a verifier key of a signed note', { cause });
  }
  if (key.name !== registrar) throw keysRefused('the name of a key is not the id of the registrar');
  return key;
}

function keysRefused(why: string, options?: ErrorOptions): ResidenceNoteError {
  return new ResidenceNoteError('ERR_RESIDENCE_KEYS', `the keys of the registrar are not usable: ${why}`, options);
}

/**
 * Opens a root note. {@link checkWindow} decides whether it is valid now.
 * @param text at most {@link MAX_ROOT_NOTE_BYTES}
 * @throws ResidenceNoteError `ERR_RESIDENCE_NOTE` | `ERR_RESIDENCE_NOTE_WINDOW`
 */
export function openRootNote(text: string, by: Registrar): RootNote {
  const [root = '', notBefore = '', notAfter = '', places = '', ...more] = open(
    text,
    by,
    ROOT_TITLE,
    MAX_ROOT_NOTE_BYTES,
  );
  if (more.length > 0) throw notANote('a line too many');
  const note = {
    registrar: by.registrar,
    root: readRoot(root),
    ...readWindow(notBefore, notAfter, MAX_ROOT_SECONDS),
    places: readNumber(places),
  };
  if (note.places > TREE_PLACES) throw notANote('more places than the tree has');
  return note;
}

/**
 * Opens a campaign note. {@link checkWindow} decides whether it is valid now.
 * @param text at most {@link MAX_CAMPAIGN_NOTE_BYTES}
 * @param maxCampaignDays the value of the enclave's measured configuration
 * @throws ResidenceNoteError `ERR_RESIDENCE_NOTE` | `ERR_RESIDENCE_NOTE_WINDOW`
 */
export function openCampaignNote(text: string, by: Registrar, maxCampaignDays: number): CampaignNote {
  const [campaign = '', notBefore = '', notAfter = '', ...more] = open(
    text,
    by,
    CAMPAIGN_TITLE,
    MAX_CAMPAIGN_NOTE_BYTES,
  );
  if (more.length > 0) throw notANote('a line too many');
  if (!RESIDENCE_ID_PATTERN.test(campaign)) throw notANote('the campaign is not an id');
  return { registrar: by.registrar, campaign, ...readWindow(notBefore, notAfter, maxCampaignDays * DAY_SECONDS) };
}

/**
 * Signs a root note with one key, or with two while the registrar changes its key.
 * @throws ResidenceNoteError if {@link openRootNote} would refuse the note
 */
export function signRootNote(note: RootNote, ...keys: readonly SigningKey[]): string {
  const { registrar, root, notBefore, notAfter, places } = note;
  const text = sign([ROOT_TITLE, registrar, fieldToHex(root), notBefore, notAfter, places], keys);
  openRootNote(text, { registrar, keys });
  return text;
}

/** @throws ResidenceNoteError if {@link openCampaignNote} would refuse the note */
export function signCampaignNote(note: CampaignNote, maxCampaignDays: number, ...keys: readonly SigningKey[]): string {
  const { registrar, campaign, notBefore, notAfter } = note;
  const text = sign([CAMPAIGN_TITLE, registrar, campaign, notBefore, notAfter], keys);
  openCampaignNote(text, { registrar, keys }, maxCampaignDays);
  return text;
}

/**
 * Throws if a note has ended, or begins more than 60 seconds from now.
 * @param nowSeconds Unix time
 * @throws ResidenceNoteError `ERR_RESIDENCE_NOTE_NOT_YET` | `ERR_RESIDENCE_NOTE_ENDED`
 */
export function checkWindow({ notBefore, notAfter }: Window, nowSeconds: number): void {
  if (nowSeconds < notBefore - NOTE_GRACE_SECONDS)
    throw new ResidenceNoteError('ERR_RESIDENCE_NOTE_NOT_YET', 'the time of the note has not begun');
  if (nowSeconds >= notAfter) throw new ResidenceNoteError('ERR_RESIDENCE_NOTE_ENDED', 'the time of the note is over');
}

/** Verifies a note and returns the lines of its body after title and registrar. */
function open(text: string, { registrar, keys, check }: Registrar, title: string, maxBytes: number): string[] {
  if (text.length > maxBytes || new TextEncoder().encode(text).length > maxBytes) throw notANote('it is too long');
  let body: string;
  try {
    ({ body } = openNote(
      text,
      keys.filter(({ name }) => name === registrar),
      check,
    ));
  } catch (cause) {
    throw notANote('it is malformed, or its signatures are not those of the registrar', { cause });
  }
  const [first, second, ...rest] = body.slice(0, -1).split('\n');
  if (first !== title) throw notANote('it is another kind of note');
  if (second !== registrar) throw notANote('it is of another registrar');
  return rest;
}

function sign(lines: readonly (string | number)[], keys: readonly SigningKey[]): string {
  try {
    return signNote(lines.map((line) => `${line}\n`).join(''), ...keys);
  } catch (cause) {
    throw notANote('it cannot be signed', { cause });
  }
}

function readRoot(text: string): Field {
  try {
    return fieldFromHex(text);
  } catch (cause) {
    throw notANote('the root is not a field element', { cause });
  }
}

function readWindow(from: string, to: string, maxSeconds: number): Window {
  const window = { notBefore: readNumber(from), notAfter: readNumber(to) };
  const seconds = window.notAfter - window.notBefore;
  if (seconds <= 0 || seconds > maxSeconds)
    throw new ResidenceNoteError(
      'ERR_RESIDENCE_NOTE_WINDOW',
      'the note does not end after it begins, or is valid for too long',
    );
  return window;
}

/** Reads at most 12 decimal digits, without sign or leading zero. */
function readNumber(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,11})$/.test(text)) throw notANote('a number is missing or malformed');
  return Number(text);
}

function notANote(why: string, options?: ErrorOptions): ResidenceNoteError {
  return new ResidenceNoteError('ERR_RESIDENCE_NOTE', `this note is not accepted: ${why}`, options);
}
