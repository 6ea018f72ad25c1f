import { countVisible, hasInvisible, textUpTo } from './characters';

const STATUE = '\u{1f5fd}';

it('a limit counts UTF-16 units, as string.length does', () => {
  const five = textUpTo(5);
  expect([five.safeParse('x'.repeat(5)).success, five.safeParse('x'.repeat(6)).success]).toEqual([true, false]);
  expect([five.safeParse(STATUE.repeat(2)).success, five.safeParse(STATUE.repeat(3)).success]).toEqual([true, false]);
});

describe('an invisible character', () => {
  it.each<[string, string]>([
    ['zero-width space', '\u200b'],
    ['zero-width non-joiner', '\u200c'],
    ['zero-width joiner', '\u200d'],
    ['word joiner', '\u2060'],
    ['byte order mark', '\ufeff'],
    ['soft hyphen', '\u00ad'],
    ['combining grapheme joiner', '\u034f'],
    ['Hangul choseong filler', '\u115f'],
    ['Hangul jungseong filler', '\u1160'],
    ['Hangul filler', '\u3164'],
    ['halfwidth Hangul filler', '\uffa0'],
    ['Khmer inherent vowel', '\u17b4'],
    ['Mongolian vowel separator', '\u180e'],
    ['variation selector', '\ufe0f'],
    ['right-to-left override', '\u202e'],
    ['left-to-right isolate', '\u2066'],
    ['invisible times', '\u2062'],
    ['interlinear annotation anchor', '\ufff9'],
    ['object replacement', '\ufffc'],
    ['Braille blank', '\u2800'],
    ['musical null notehead', '\u{1d159}'],
    ['Egyptian full blank', '\u{13441}'],
    ['shorthand format step', '\u{1bca2}'],
    ['tag letter', '\u{e0041}'],
    ['control', '\u0007'],
  ])('counts as empty: %s', (_name, character) => {
    expect(countVisible(`${character} ${character}\u00a0\u3000${character}`, 1)).toBe(0);
    expect(countVisible(`a${character}b`, 9)).toBe(2);
    expect(hasInvisible(`a@b.c${character}`)).toBe(true);
  });

  it.each(['é', 'e\u0301', 'ß', '日本', 'ولی', 'ᠮᠣᠩ', STATUE, '-', "O'Neill", '\u2019'])(
    'is not found in %s',
    (text) => {
      expect(hasInvisible(text)).toBe(false);
      expect(countVisible(text, 99)).toBe([...text].length);
    },
  );
});
