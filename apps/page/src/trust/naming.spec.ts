import type { Accepted, Read } from './accepted';
import { nameImages, type Sources } from './naming';

const A = 'ab'.repeat(48);
const B = '12'.repeat(48);
const OURS = '34'.repeat(48);
const THEIRS = '56'.repeat(48);
const ours: Accepted = [{ pcr0: A, pcr3: OURS }];
const link = (...sets: Accepted): Read<Accepted> => ({ ok: true, value: sets });
const named = (over: Partial<Sources>) =>
  nameImages({ file: undefined, link: undefined, kept: undefined, site: ours, ...over });

it('the site’s own list is used only where the person names no image', () => {
  expect(named({})).toMatchObject({ accepted: ours, namedBy: 'site', differsFromSite: false });
  expect(named({ kept: ours })).toMatchObject({ namedBy: 'kept' });
  expect(named({ link: link(...ours) })).toMatchObject({ namedBy: 'link' });
  expect(named({ link: link(...ours), kept: ours })).toMatchObject({ namedBy: 'link' });
  expect(named({ file: ours, link: { ok: false, problem: { code: 'not_json', field: 'image' } } })).toMatchObject({
    namedBy: 'file',
  });
  expect(named({ site: undefined })).toEqual({
    accepted: undefined,
    namedBy: undefined,
    refusal: undefined,
    differsFromSite: false,
  });
});

it.each<[string, Partial<Sources>, string]>([
  ['a damaged link', { link: { ok: false, problem: { code: 'image_not_hex', field: 'image' } } }, 'link_unusable'],
  [
    'a damaged link beside a kept image',
    { kept: ours, link: { ok: false, problem: { code: 'image_not_hex', field: 'image' } } },
    'link_unusable',
  ],
  ['a damaged kept image', { kept: 'unusable' }, 'kept_unusable'],
  ['a damaged kept image beside a link', { kept: 'unusable', link: link(...ours) }, 'kept_unusable'],
  ['a link to another image', { kept: ours, link: link({ pcr0: B, pcr3: OURS }) }, 'link_contradicts_kept'],
  ['a link to another operator', { kept: ours, link: link({ pcr0: A, pcr3: THEIRS }) }, 'link_contradicts_kept'],
  ['a link to any operator', { kept: ours, link: link({ pcr0: A, operator: 'any' }) }, 'link_contradicts_kept'],
  [
    'a link to one more image than was kept',
    { kept: ours, link: link({ pcr0: A, pcr3: OURS }, { pcr0: B, pcr3: OURS }) },
    'link_contradicts_kept',
  ],
])('%s is refused, and no weaker source is used instead', (_, sources, kind) => {
  expect(named(sources)).toMatchObject({ accepted: undefined, namedBy: undefined, refusal: { kind } });
});

it('a link that names a part of the kept list narrows it to that part, with all kept registers', () => {
  const kept: Accepted = [
    { pcr0: A, operator: 'any', pcr8: B },
    { pcr0: B, pcr3: OURS },
  ];
  expect(named({ kept, link: link(...ours) }).accepted).toEqual([{ pcr0: A, pcr3: OURS, pcr8: B }]);
});

it.each<[string, Accepted, boolean]>([
  ['what the site publishes', ours, false],
  ['another image', [{ pcr0: B, pcr3: OURS }], true],
  ['the same image under another operator', [{ pcr0: A, pcr3: THEIRS }], true],
  ['one image beyond those that the site publishes', [...ours, { pcr0: B, pcr3: OURS }], true],
])('a list with %s is reported as different if the site does not publish all of it', (_, sets, differs) => {
  for (const sources of [{ kept: sets }, { link: link(...sets) }, { file: sets }])
    expect(named(sources).differsFromSite).toBe(differs);
});

it('a list does not differ from a site that accepts its image under every operator', () => {
  expect(named({ site: [{ pcr0: A, operator: 'any' }], kept: ours }).differsFromSite).toBe(false);
});
