import { attempts, attemptStep, describeProblem, errorOf, flagReported, summaryOf } from './attempt';
import { chooseState, fillForm, problemsOf, values } from './form';

beforeEach(() => {
  fillForm({ values: {}, topics: [], seats: [] });
  chooseState('DC');
  for (const [name, value] of [
    ['prefix', 'Ms.'],
    ['firstName', 'Test'],
    ['lastName', 'Person'],
    ['address1', '1 Test Street'],
    ['city', 'Washington'],
    ['zip', '20001'],
    ['email', 'p@test.example'],
  ] as const)
    values[`constituent/${name}`].value = value;
  attemptStep('address');
});

it('shows no error before the person tries to continue', () => {
  values['constituent/zip'].value = '2';
  expect([errorOf('constituent/zip'), summaryOf('address')]).toEqual([undefined, []]);
});

it('flags the step’s invalid fields, and marks each as fixed once it is valid', () => {
  values['constituent/zip'].value = '2';
  values['constituent/city'].value = '';
  const before = attempts.value;
  expect(attemptStep('address')).toBe(false);
  expect(attempts.value).toBe(before + 1);
  expect(summaryOf('address')).toEqual([
    { id: 'field-constituent-city', text: 'City: Please fill this in.' },
    {
      id: 'field-constituent-zip',
      text: 'ZIP code: Use five digits, or five, a hyphen and four, such as 94601 or 94601-1234.',
    },
  ]);
  values['constituent/city'].value = 'W';
  expect(errorOf('constituent/city')).toBe('Use at least 3 characters.');
  values['constituent/city'].value = 'Washington';
  expect(summaryOf('address')[0]).toEqual({ id: 'field-constituent-city', text: '✓ Fixed: City', done: true });
  // A field that becomes invalid later is flagged only at the next attempt
  values['constituent/email'].value = 'p';
  expect(errorOf('constituent/email')).toBeUndefined();
  expect(attemptStep('address')).toBe(false);
  expect(summaryOf('message')).toEqual([]);
});

it('lets the person leave a step that has no errors, even if the next step has some', () => {
  expect(attemptStep('address')).toBe(true);
  expect(problemsOf('message')).not.toEqual([]);
});

it('shows what the enclave found until the person changes that field', () => {
  const found = [
    { pointer: '/message/subject', code: 'too_short', message: '/message/subject: …' },
    { pointer: '/offices/0', code: 'no_such_office', message: '/offices/0: …' },
  ];
  expect(flagReported(found)).toBe('address');
  expect(errorOf('offices')).toBe('One of these offices does not exist.');
  values['message/subject'].value = 'A subject';
  expect(errorOf('message/subject')).toBeUndefined();
  expect(flagReported(found)).toBe('address');
  expect(errorOf('message/subject')).toBe('Use at least 6 characters.');
});

it('describes a problem with the label of its field', () => {
  expect(describeProblem({ pointer: '/constituent/city', code: 'required', message: '…' })).toBe(
    'City: Please fill this in.',
  );
  expect(describeProblem({ pointer: '/proof', code: 'newer', message: 'The proof.' })).toBe('The proof.');
});
