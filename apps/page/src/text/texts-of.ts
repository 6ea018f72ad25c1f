import english from './languages/en';
import type { Catalogue } from './text';

export type PageName = 'write' | 'verify' | 'status';

/** What is shown before `textsOf` has answered. */
export const initial: Catalogue = english;

/**
 * The texts of a page in a language. The build replaces this file (tools/dev/build/plugins/texts-of-page.mjs), so that a page fetches only
 * the sections that it shows.
 */
export async function textsOf(_page: PageName, language: string): Promise<Catalogue> {
  return ((await import(`./languages/${language}.ts`)) as { default: Catalogue }).default;
}
