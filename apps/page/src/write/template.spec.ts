import { fillForm, topics, values } from './form';
import { startFrom } from './template';

const TEMPLATE = { title: 'Clean rivers', subject: 'Support it', body: 'Vote for it.', topics: ['Energy'] } as const;

it('fills in what the person has not written, and changes nothing that they wrote', () => {
  fillForm({ values: { 'message/body': 'My own words' }, topics: [], seats: [] });
  startFrom(TEMPLATE);
  expect([values['message/subject'].value, values['message/body'].value, values['message/stance'].value]).toEqual([
    'Support it',
    'My own words',
    '',
  ]);
  expect(topics.value).toEqual(['Energy']);
  topics.value = ['Law'];
  startFrom({ ...TEMPLATE, stance: 'pro' });
  expect([topics.value, values['message/stance'].value]).toEqual([['Law'], 'pro']);
});
