import { KmsFailure } from '../failure';
import type { Fields } from '../operations/fields';

const MAX_DEPTH = 8;

/**
 * Parses the body of a request: a JSON object in UTF-8, nested at most 8 deep (KMS's own requests are nested 2 deep).
 * @throws KmsFailure SerializationException
 */
export function parseFields(body: Uint8Array): Fields {
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    if (depth(text) > MAX_DEPTH) throw new SyntaxError('too deep');
    value = JSON.parse(text);
  } catch {
    throw new KmsFailure('SerializationException');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new KmsFailure('SerializationException');
  return value as Fields;
}

/** Counts how deep the text is nested, before it is parsed. */
function depth(text: string): number {
  let [now, most, quoted] = [0, 0, false];
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (quoted) {
      if (character === '\\') index++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') most = Math.max(most, ++now);
    else if (character === '}' || character === ']') now--;
  }
  return most;
}
