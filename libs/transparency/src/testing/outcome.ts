import { NoteError } from '../errors';
import { formatVerifierKey, parseVerifierKey } from '../note-keys';
import type { SignatureCheck } from '../signature-check';
import { openNote } from '../signed-note';
import type { NoteVector } from './make-vectors';

/** Returns the decision of this build about a test vector. Tests load this module in Node and in a browser. */
export function outcomeOf(
  { note, keys }: Pick<NoteVector, 'note' | 'keys'>,
  check?: SignatureCheck,
): NoteVector['expected'] {
  try {
    const { body, key } = openNote(note, keys.map(parseVerifierKey), check);
    return { body, key: formatVerifierKey(key) };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { code: error.code };
  }
}

export function outcomesOf(vectors: readonly NoteVector[]): NoteVector['expected'][] {
  return vectors.map((vector) => outcomeOf(vector));
}
