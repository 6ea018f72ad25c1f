import vectors from './note-vectors.json';
import type { NoteVector } from './make-vectors';

export type { NoteVector } from './make-vectors';

/** Notes, each with the result that every reader must give. The tests of browser, Node, gateway and enclave use the same file. */
export const NOTE_VECTORS = vectors as NoteVector[];
