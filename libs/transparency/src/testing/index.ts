import vectors from './note-vectors.json';
import type { NoteVector } from './make-vectors';

export type { NoteVector } from './make-vectors';

/** What every reader of notes must decide: browser, Node, gateway and enclave run the same file. */
export const NOTE_VECTORS = vectors as NoteVector[];
