import { readLink } from './link';

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
])('finds nothing in %s', (_, hash) => {
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
  ['text that runs the other way', '#campaign=a%E2%80%AEb', 'campaign'],
  ['a line break', '#campaign=a%0Ab', 'campaign'],
  ['letters that look like others', '#campaign=%D1%80arks', 'campaign'],
  ['a path for a template', '#template=../x', 'template'],
  ['a template in capitals', '#template=Parks', 'template'],
  ['a path for a language', '#lang=../es', 'lang'],
])('refuses %s', (_, hash, parameter) => {
  expect(readLink(hash)).toEqual({ ok: false, problem: { kind: 'invalid', parameter } });
});

it('refuses a fragment that is too long', () => {
  expect(readLink(`#x=${'a'.repeat(32_767)}`)).toEqual({ ok: false, problem: { kind: 'too_long' } });
});
