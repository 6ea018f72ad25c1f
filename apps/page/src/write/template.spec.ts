import { fillForm, hasContent, topics, values } from './form';
import { leaveTemplate, putBack, replaceBy, replaced, startFrom } from './template';
import { templateFor } from '../testing/template';

const RIVERS = templateFor({ slug: 'rivers', title: 'Clean rivers', subject: 'Support it', body: 'Vote for it.' });
const PARKS = templateFor({
  slug: 'parks',
  subject: 'Fund our parks',
  stance: 'pro',
  topics: ['Law'],
  bills: [{ congress: 119, type: 'hr', number: 1 }],
});
const shown = () => [values['message/subject'].value, values['message/body'].value, values['message/stance'].value];

beforeEach(() => {
  leaveTemplate();
  fillForm({ values: {}, topics: [], seats: [] });
});

it('fills in the whole text where the person has written nothing, and the page does not warn when the person leaves', () => {
  startFrom(PARKS);
  expect(shown()).toEqual(['Fund our parks', PARKS.body, 'pro']);
  expect([values['message/bills'].value, topics.value]).toEqual(['119 hr 1', ['Law']]);
  expect(hasContent()).toBe(false);
  values['message/body'].value += ' It matters to me.';
  expect(hasContent()).toBe(true);
});

it('changes nothing where the person has written anything, even one topic', () => {
  for (const own of [
    { values: { 'message/body': 'My own words' }, topics: [] },
    { values: {}, topics: ['Energy'] },
  ] as const) {
    fillForm({ ...own, seats: [] });
    startFrom(RIVERS);
    expect([values['message/subject'].value, topics.value]).toEqual(['', own.topics]);
  }
});

it('replaces what was entered when the person chooses the text, and the person’s own words can be put back', () => {
  values['message/body'].value = 'My own words';
  replaceBy(RIVERS, undefined);
  expect(shown()).toEqual(['Support it', 'Vote for it.', '']);
  putBack();
  expect([shown(), replaced.value]).toEqual([['', 'My own words', ''], undefined]);
  expect(hasContent()).toBe(true);
});

it('keeps nothing to restore if the replaced text was a template without changes', () => {
  replaceBy(RIVERS, undefined);
  replaceBy(PARKS, RIVERS);
  expect(replaced.value).toBeUndefined();
  values['message/subject'].value = 'Fund every park';
  replaceBy(RIVERS, PARKS);
  expect(replaced.value?.fields['message/subject']).toBe('Fund every park');
});
