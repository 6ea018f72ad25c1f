import { languagesOf, matching } from './matching';
import { templateFor } from '../testing/template';

const PARKS = templateFor({ slug: 'parks', title: 'Keep our parks open', category: 'Environment' });
const PARQUES = templateFor({
  slug: 'parques',
  title: 'Más parques públicos',
  language: 'es',
  campaignId: 'es-2026',
  subject: 'Fondos',
  topics: ['Health'],
});
const ALL = [PARKS, PARQUES];
const find = (words: string, language = '') =>
  matching(ALL, { words, language }, (topic) => (topic === 'Health' ? 'Salud' : topic)).map(({ slug }) => slug);

it.each<[string, string, string[]]>([
  ['', '', ['parks', 'parques']],
  ['  ', 'es', ['parques']],
  ['PARKS environment', '', ['parks']],
  ['mas publicos', '', ['parques']],
  ['salud', '', ['parques']],
  ['parks salud', '', []],
  ['.*', '', []],
  ['parks', 'es', []],
])('the words %p in the language %p find %j', (words, language, slugs) => {
  expect(find(words, language)).toEqual(slugs);
});

it('names each language once', () => {
  expect(languagesOf([...ALL, PARKS])).toEqual(['en', 'es']);
});
