import english from './languages/en';
import type { Catalogue } from './text';

export type PageName = 'write' | 'verify' | 'status';
/** A part of the page that is loaded later. Its texts are the catalogue's section of the same name. */
export type PartName = 'residence' | 'agents';

/** What is shown before `textsOf` has answered. */
export const initial: Catalogue = english;

/**
 * Returns the texts of a page in a language. The build replaces this file (tools/dev/build/plugins/texts-of-page.mjs), so that a page
 * fetches only the sections that it shows.
 */
export async function textsOf(_page: PageName, language: string): Promise<Catalogue> {
  return ((await import(`./languages/${language}.ts`)) as { default: Catalogue }).default;
}

/** Returns the texts of a part; the build replaces this function too. */
export async function textsOfPart<Part extends PartName>(part: Part, language: string): Promise<Pick<Catalogue, Part>> {
  const { [part]: own } = await textsOf('write', language);
  return { [part]: own } as Pick<Catalogue, Part>;
}
