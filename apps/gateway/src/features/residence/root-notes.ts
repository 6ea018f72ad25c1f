import {
  checkWindow,
  openRootNote,
  type Registrar,
  ResidenceNoteError,
  type RootNote,
} from '@communique-tee/residence';
import { ProblemError } from '../../core/problems/problem-error';

/** More than a registrar has in force at once: a new root each day for 14 days, by two keys. */
const MAX_KNOWN = 32;

/** Opens the registrar's root notes. Most messages come with the same few notes, so each signature is checked once. */
export class RootNotes {
  /** Keyed by the text of the note; the most recently used one is last. */
  private readonly known = new Map<string, RootNote>();

  constructor(private readonly registrar: Registrar) {}

  /**
   * Returns the note, which is signed by the registrar and in force from now until the message expires.
   * @throws ProblemError `root_not_accepted`
   */
  accepted(text: string, now: Date, expiresAt: Date): RootNote {
    const note = this.known.get(text) ?? this.open(text);
    this.known.delete(text);
    this.known.set(text, note);
    const oldest = this.known.keys().next();
    if (this.known.size > MAX_KNOWN && !oldest.done) this.known.delete(oldest.value);
    try {
      checkWindow(note, Math.floor(now.getTime() / 1000));
    } catch (error) {
      throw refused(error, 'The time of the registrar’s note has not begun, or is over.');
    }
    if (expiresAt.getTime() > note.notAfter * 1000)
      throw new ProblemError('root_not_accepted', { detail: 'The message expires after the registrar’s note.' });
    return note;
  }

  private open(text: string): RootNote {
    try {
      return openRootNote(text, this.registrar);
    } catch (error) {
      throw refused(error, 'This is not a root note that the registrar signed.');
    }
  }
}

function refused(error: unknown, detail: string): unknown {
  return error instanceof ResidenceNoteError ? new ProblemError('root_not_accepted', { detail, cause: error }) : error;
}
