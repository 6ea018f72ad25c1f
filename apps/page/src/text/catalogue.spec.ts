import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readLink } from '../link';
import english from './languages/en';

type Flat = ReadonlyMap<string, string | Readonly<Record<string, string>>>;

/** Returns every text by its path, such as `trust.seeProof`. The forms of a plural stay together. */
function flat(value: object, path = ''): Flat {
  const texts = new Map<string, string | Readonly<Record<string, string>>>();
  for (const [key, each] of Object.entries(value) as [string, string | object][]) {
    const at = path === '' ? key : `${path}.${key}`;
    if (typeof each === 'string') texts.set(at, each);
    else if ('other' in each) texts.set(at, each as Readonly<Record<string, string>>);
    else for (const [inner, text] of flat(each, at)) texts.set(inner, text);
  }
  return texts;
}

const namesIn = (text: string | Readonly<Record<string, string>>): string[] =>
  [
    ...new Set(
      (typeof text === 'string' ? [text] : Object.values(text)).flatMap((form) => form.match(/\{[^}]*\}/g) ?? []),
    ),
  ].sort();

const folder = join(__dirname, 'languages');
const codes = readdirSync(folder).map((name) => name.replace(/\.ts$/, ''));
const expected = flat(english);

it('the page offers English and Spanish', () => {
  expect(codes).toEqual(expect.arrayContaining(['en', 'es']));
});

it.each(codes)(
  '%s is an ISO 639 code, and its file has every text of English with the same names in braces',
  async (code) => {
    expect(Intl.getCanonicalLocales(code)).toEqual([code]);
    // A link can name this language
    expect(readLink(`#lang=${code}`)).toEqual({ ok: true, link: { lang: code } });
    const { default: catalogue } = (await import(`./languages/${code}.ts`)) as { default: object };
    const texts = flat(catalogue);
    expect([...texts.keys()]).toEqual([...expected.keys()]);
    for (const [path, text] of texts) expect([path, namesIn(text)]).toEqual([path, namesIn(expected.get(path) ?? '')]);
  },
);

it.each(codes)('%s has no empty text, and only plural forms that the language knows', async (code) => {
  const { default: catalogue } = (await import(`./languages/${code}.ts`)) as { default: object };
  const categories = (type: Intl.PluralRuleType) =>
    new Intl.PluralRules(code, { type }).resolvedOptions().pluralCategories;
  for (const [path, text] of flat(catalogue)) {
    if (typeof text === 'string') expect([path, text.trim()]).not.toEqual([path, '']);
    else {
      const known: readonly string[] = categories(
        text['other']?.includes('{ordinal}') === true ? 'ordinal' : 'cardinal',
      );
      expect([path, Object.keys(text).filter((form) => !known.includes(form))]).toEqual([path, []]);
    }
  }
});
