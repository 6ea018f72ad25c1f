import { decodeUtf8, MAX_PUBLISHED_LIST_BYTES, type Template, templateListSchema } from '@communique-tee/protocol';
import { askServer } from '../trust/ask';

/**
 * Fetches the whole published list. Bypasses the browser's cache, because a server that gave each browser a different ETag could recognize
 * it.
 * @throws NoAnswer, and an Error if the answer is not a list of templates
 */
export async function fetchTemplates(): Promise<readonly Template[]> {
  const { status, body } = await askServer('/api/templates', { maxBytes: MAX_PUBLISHED_LIST_BYTES });
  if (status !== 200) throw new Error('no list of templates');
  return readTemplates(body);
}

/** @throws Error if the body is not a list of templates */
export function readTemplates(body: Uint8Array): readonly Template[] {
  return templateListSchema.parse(JSON.parse(decodeUtf8(body))).templates;
}
