import { dropLinkedLanguage, followLink, link, linkedLanguage, linkProblem, linkText, readLink } from './link';

const PCR0 = 'ab'.repeat(48);

it('reads campaign, template and language', () => {
  expect(readLink(`#campaign=parks-2026&template=city-parks&lang=es&pcr0=${PCR0}&pcr3=any`)).toEqual({
    ok: true,
    link: { campaign: 'parks-2026', template: 'city-parks', lang: 'es' },
  });
  expect(readLink('campaign=Parks%202026/a')).toEqual({ ok: true, link: { campaign: 'Parks 2026/a' } });
});

it.each([
  ['no fragment', ''],
  ['a place in the page', '#main'],
  ['other parameters alone', '#utm_source=mail&utm_source=mail&__proto__=x'],
])('finds no parameter in %s', (_, hash) => {
  expect(readLink(hash)).toEqual({ ok: true, link: {} });
});

it.each([
  ['two campaigns, of which another program might read the other', '#campaign=a1&campaign=b1', 'campaign'],
  ['the same language twice', '#lang=es&lang=es', 'lang'],
])('refuses %s', (_, hash, parameter) => {
  expect(readLink(hash)).toEqual({ ok: false, problem: { kind: 'twice', parameter } });
});

it.each([
  ['no campaign', '#campaign=', 'campaign'],
  ['one character', '#campaign=a', 'campaign'],
  ['too many characters', `#campaign=${'a'.repeat(129)}`, 'campaign'],
  ['markup', '#campaign=%3Cimg%20src%3Dx%3E', 'campaign'],
  ['a character that reverses the direction of the text', '#campaign=a%E2%80%AEb', 'campaign'],
  ['a line break', '#campaign=a%0Ab', 'campaign'],
  ['a Cyrillic letter that looks like a Latin one', '#campaign=%D1%80arks', 'campaign'],
  ['a path for a template', '#template=../x', 'template'],
  ['a template in capitals', '#template=Parks', 'template'],
  ['a path for a language', '#lang=../es', 'lang'],
])('refuses %s', (_, hash, parameter) => {
  expect(readLink(hash)).toEqual({ ok: false, problem: { kind: 'invalid', parameter } });
});

it('refuses a fragment that is too long', () => {
  expect(readLink(`#x=${'a'.repeat(32_767)}`)).toEqual({ ok: false, problem: { kind: 'too_long' } });
});

describe('a link, in its tab', () => {
  const kept = new Map<string, string>();
  const at = (hash: string): string => {
    const url = new URL(`https://communique.example.org/verify${hash}`);
    Object.assign(globalThis, {
      location: url,
      history: { state: null, replaceState: (_: unknown, __: string, next: URL) => void (url.href = next.href) },
      addEventListener: () => undefined,
      sessionStorage: {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => void kept.set(key, value),
        removeItem: (key: string) => void kept.delete(key),
      },
    });
    followLink();
    return linkText.value;
  };
  afterAll(() => {
    for (const name of ['location', 'history', 'addEventListener', 'sessionStorage'])
      Reflect.deleteProperty(globalThis, name);
  });

  it('still applies on a page whose address has no link, without what other programs added to it', () => {
    expect(at('#campaign=parks-2026&template=city-parks&utm_source=mail')).toBe(
      'campaign=parks-2026&template=city-parks',
    );
    expect([...kept.values()]).toEqual(['campaign=parks-2026&template=city-parks']);
    for (const hash of ['', '#main', `#pcr0=${PCR0}&pcr3=any`])
      expect(at(hash)).toBe('campaign=parks-2026&template=city-parks');
  });

  it('is replaced as a whole by the next link, and is refused on every page if it is invalid', () => {
    at('#campaign=parks-2026&template=city-parks');
    expect(at('#campaign=rivers')).toBe('campaign=rivers');
    for (const hash of ['#campaign=a1&campaign=b1', `#x=${'a'.repeat(32_767)}`]) {
      at(hash);
      at('');
      expect([link.value, linkProblem.value?.kind]).toEqual([{}, hash.startsWith('#x') ? 'too_long' : 'twice']);
    }
  });

  it('sets the language until the person picks another', () => {
    at(`#campaign=parks-2026&lang=es&pcr0=${PCR0}&pcr3=any`);
    expect(link.value.lang).toBe('es');
    dropLinkedLanguage();
    expect(location.hash).toBe(`#campaign=parks-2026&pcr0=${PCR0}&pcr3=any`);
    expect([link.value, at('')]).toEqual([{ campaign: 'parks-2026' }, 'campaign=parks-2026']);
  });

  it.each(['#campaign=a1&campaign=b1&lang=es', '#lang=es&template=../x'])(
    'that is refused still sets the language until the person picks another: %s',
    (hash) => {
      at(hash);
      const problem = linkProblem.value;
      expect([problem === undefined, link.value, linkedLanguage.value]).toEqual([false, {}, 'es']);
      at('');
      expect(linkedLanguage.value).toBe('es');
      dropLinkedLanguage();
      for (const again of [undefined, '', location.hash]) {
        if (again !== undefined) at(again);
        expect([linkedLanguage.value, linkProblem.value]).toEqual([undefined, problem]);
      }
    },
  );

  it.each(['#lang=es&lang=en', '#lang=../es', `#lang=es&x=${'a'.repeat(32_767)}`])(
    'sets no language if it names none that can be read (%#)',
    (hash) => {
      at(hash);
      expect([linkProblem.value === undefined, linkedLanguage.value]).toEqual([false, undefined]);
    },
  );

  it('loses only the language when the person picks another, even if the browser stores no data', () => {
    at('#campaign=parks-2026&lang=es');
    kept.clear();
    dropLinkedLanguage();
    expect(link.value).toEqual({ campaign: 'parks-2026' });
  });
});
