// The texts that people read, in the reader's language. Every language is a file of languages/, fetched when it is chosen. README.md
// explains how to add a language.
import { computed, signal } from '@preact/signals';
import type english from './languages/en';
import { initial, textsOf, textsOfPart, type PageName, type PartName } from './texts-of';

/** Forms of a text that depends on `count` or `ordinal` (CLDR plural categories). A category without a form takes `other`. */
export interface Plural {
  readonly zero?: string;
  readonly one?: string;
  readonly two?: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}

type Texts<T> = T extends string
  ? string
  : T extends { readonly other: string }
    ? Plural
    : { readonly [K in keyof T]: Texts<T[K]> };
/** The default export of each file in languages/: every text of en.ts, in that language. */
export type Catalogue = Texts<typeof english>;

/** Codes of the files in languages/ (ISO 639, two or three letters), set by the build. */
declare const __LANGUAGES__: readonly string[];
export const DEFAULT = 'en';
const KEY = 'communique-tee language';

export const LANGUAGES: readonly string[] = typeof __LANGUAGES__ === 'undefined' ? [DEFAULT] : __LANGUAGES__;

const catalogue = signal<Catalogue>(initial);
const code = signal(DEFAULT);

/** The texts now shown. A component that reads it is drawn again when the person picks another language. */
export const text = computed(() => catalogue.value);
/** The code of the language now shown. */
export const language = computed(() => code.value);
/** For `Intl`: the reader's own locale if it belongs to the shown language (`en-GB` for English), else the language. */
export const locale = computed(
  () => navigator.languages.find((each) => each.split('-')[0] === code.value) ?? code.value,
);

/** Returns the language's own name: `español` for `es`. */
export function nameOfLanguage(of: string): string {
  return new Intl.DisplayNames(of, { type: 'language' }).of(of) ?? of;
}

/**
 * Returns a text with its `{names}` filled in. A Plural takes its form from `count` (3 offices), or from `ordinal` (the 3rd district).
 * @example fill(text.value.review.send, { count: 3 })
 */
export function fill(message: string | Plural, values: Readonly<Record<string, string | number>> = {}): string {
  const form = typeof message === 'string' ? message : formOf(message, values);
  return form.replaceAll(/\{([a-zA-Z0-9]+)\}/g, (whole, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? new Intl.NumberFormat(locale.value).format(value) : (value ?? whole);
  });
}

function formOf(message: Plural, { count, ordinal }: Readonly<Record<string, string | number>>): string {
  const [number, type] = typeof ordinal === 'number' ? ([ordinal, 'ordinal'] as const) : ([count, 'cardinal'] as const);
  if (typeof number !== 'number') return message.other;
  return message[new Intl.PluralRules(code.value, { type }).select(number)] ?? message.other;
}

/** Parts of the page that were loaded later, with their own texts. */
const parts = new Set<PartName>();

/** Fetches a part's texts, now and in every language that is chosen after that. */
export async function usePartTexts(part: PartName): Promise<void> {
  parts.add(part);
  const of = code.peek();
  const own = await textsOfPart(part, of);
  // If another language was chosen meanwhile, its texts include those of the part
  if (of === code.peek()) catalogue.value = { ...catalogue.peek(), ...own };
}

async function fetchTexts(page: PageName, language: string): Promise<Catalogue> {
  const known = [...parts];
  const [own, ...more] = await Promise.all([
    textsOf(page, language),
    ...known.map((part) => textsOfPart(part, language)),
  ]);
  if (known.length < parts.size) return fetchTexts(page, language);
  return Object.assign({}, own, ...more) as Catalogue;
}

/** The last language that was chosen. If texts of an earlier choice arrive later, they are ignored. */
let latestChoice = DEFAULT;

/** Shows the page in another language, and keeps the choice in this browser. Unknown codes are ignored. */
export async function useLanguage(page: PageName, chosen: string, keep = true): Promise<void> {
  if (!LANGUAGES.includes(chosen)) return;
  latestChoice = chosen;
  const next = await fetchTexts(page, chosen);
  // Another language was chosen while this one was fetched
  if (latestChoice !== chosen) return;
  catalogue.value = next;
  code.value = chosen;
  document.documentElement.lang = chosen;
  if (!keep) return;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // The browser stores no data: the choice lasts until the page is closed.
  }
}

/**
 * Returns the first of these languages that the page has: the link's, the kept one, the browser's languages, English.
 * @param linked the value of `lang` in the link
 */
export function preferredLanguage(linked: string | undefined): string {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    // The browser stores no data, so no choice is kept
  }
  const wanted = [linked, kept, ...navigator.languages.map((each) => each.split('-')[0])];
  return wanted.find((each): each is string => typeof each === 'string' && LANGUAGES.includes(each)) ?? DEFAULT;
}
