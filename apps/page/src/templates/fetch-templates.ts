import { decodeUtf8, MAX_PUBLISHED_LIST_BYTES, type Template, templateListSchema } from '@communique-tee/protocol';
import { askServer } from '../trust/ask';

/**
 * The whole published list. Without the browser's cache: a different ETag for each browser would let the server recognize it.
 * @throws NoAnswer, and an Error if the list is not one
 */
export async function fetchTemplates(): Promise<readonly Template[]> {
  const { status, body } = await askServer('/api/templates', { maxBytes: MAX_PUBLISHED_LIST_BYTES });
  if (status !== 200) throw new Error('no list of templates');
  return readTemplates(body);
}

/** @throws Error if the list is not one */
export function readTemplates(body: Uint8Array): readonly Template[] {
  return templateListSchema.parse(JSON.parse(decodeUtf8(body))).templates;
}
