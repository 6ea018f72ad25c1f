import { validateCongressMessage } from '@communique-tee/protocol';
import { readDraft, restoreDraft, saveDraft, closingLosesContent } from './draft';
import { keepDraftForReturn, leavesPage } from './leaving';
import { FIELD_NAMES, FIELDS, type FieldName, MAX_BILLS, TOPICS } from './fields';
import {
  chooseState,
  clearMessage,
  currentMessage,
  fillForm,
  formContent,
  offices,
  problems,
  problemsOf,
  reviewedMessage,
  seats,
  toggleSeat,
  topics,
  values,
} from './form';
import { step } from './steps';

const FILLED: Readonly<Partial<Record<FieldName, string>>> = {
  campaignId: 'c1',
  'constituent/prefix': 'Ms.',
  'constituent/firstName': ' Test ',
  'constituent/lastName': 'Person',
  'constituent/address1': '1 Test Street',
  'constituent/city': 'Oakland',
  'constituent/zip': '94601',
  'constituent/email': 'p@test.example',
  'message/subject': 'A subject',
  'message/body': ' Two lines\r\nof words. ',
  'message/bills': '119 HR 1\n\n 118  s 22 ',
  responseRequested: 'no',
};
const EMPTY = { values: {}, topics: [], seats: [] } as const;
const shown = () => problems.value.map(({ field, code }) => [field, code]);

function fill(more: Readonly<Partial<Record<FieldName, string>>> = {}): void {
  fillForm(EMPTY);
  chooseState('CA');
  values.district.value = 'HCA12';
  for (const [name, value] of Object.entries({ ...FILLED, ...more })) values[name as FieldName].value = value;
  topics.value = ['Energy', 'Law'];
}

beforeEach(() => {
  fillForm(EMPTY);
});

describe('the form', () => {
  it('makes a message from what was entered, and adds nothing', () => {
    fill();
    expect(problems.value).toEqual([]);
    expect(currentMessage()).toEqual({
      offices: ['HCA12', 'SCA01', 'SCA03'],
      constituent: {
        prefix: 'Ms.',
        firstName: 'Test',
        lastName: 'Person',
        address1: '1 Test Street',
        city: 'Oakland',
        state: 'CA',
        zip: '94601',
        email: 'p@test.example',
      },
      message: {
        subject: 'A subject',
        body: ' Two lines\nof words. ',
        topics: ['Energy', 'Law'],
        bills: [
          { congress: 119, type: 'hr', number: 1 },
          { congress: 118, type: 's', number: 22 },
        ],
      },
      campaignId: 'c1',
      responseRequested: false,
    });
  });

  it.each(['119 hr 1', '119 HR 1', '119 H.R. 1', '119 h. r. 1', '119 HR1', '  119  hr\t1 '])(
    'reads a bill that is written as %s',
    (typed) => {
      fill({ 'message/bills': typed });
      expect(currentMessage()?.message.bills).toEqual([{ congress: 119, type: 'hr', number: 1 }]);
    },
  );

  it.each(['HR 1', 'hr 119 1', '119 hr', '119 xy 1', '119 . 1'])(
    'does not guess what is missing in the bill %s',
    (typed) => {
      fill({ 'message/bills': typed });
      expect(currentMessage()).toBeNull();
    },
  );

  it('reports exactly the required fields while it is empty', () => {
    expect(currentMessage()).toBeNull();
    // The form requires district and offices once the state is known
    const required = FIELD_NAMES.filter(
      (name) => FIELDS[name].required === true && name !== 'district' && name !== 'offices',
    );
    expect(shown()).toEqual(required.map((name) => [name, 'required']));
  });

  it('has every field of a message that a person can fill in', () => {
    const all = Object.fromEntries(FIELD_NAMES.map((name) => [name, 1]));
    const below = (prefix: string) =>
      Object.fromEntries(
        Object.keys(all)
          .filter((name) => name.startsWith(prefix))
          .map((name) => [name.slice(prefix.length), 1]),
      );
    // Each value is 1: the check reports a value of a wrong type as invalid, and only an unknown field as unknown_field
    const result = validateCongressMessage({
      constituent: below('constituent/'),
      message: below('message/'),
      offices: 1,
      campaignId: 1,
      responseRequested: 1,
      newsletterOptIn: 1,
    });
    expect(result.ok || result.problems.filter(({ code }) => code === 'unknown_field')).toEqual([]);
    expect(Object.keys(below('constituent/'))).toHaveLength(15);
    expect(Object.keys(below('message/'))).toHaveLength(6);
  });

  it.each(FIELD_NAMES.filter((name) => FIELDS[name].kind !== 'email' && FIELDS[name].max !== undefined))(
    'has the same limits for %s as the check of the message',
    (name) => {
      const { min = 0, max = 0 } = FIELDS[name];
      const codeOf = (length: number) => {
        fill({ [name]: 'x'.repeat(length) });
        return problems.value.find(({ field }) => field === name)?.code;
      };
      expect([codeOf(min), codeOf(max), codeOf(max + 1)]).toEqual([undefined, undefined, 'too_long']);
      if (min > 1) expect(codeOf(min - 1)).toBe('too_short');
    },
  );

  it('has the same maximum of bills as the check of the message', () => {
    fill({ 'message/bills': '119 hr 1\n'.repeat(MAX_BILLS) });
    expect(shown()).toEqual([]);
    values['message/bills'].value += '119 hr 1';
    expect(shown()).toEqual([['message/bills', 'too_long']]);
  });

  it('assigns each problem to the step that shows its field', () => {
    fill({ 'constituent/zip': '9460', 'message/body': '\u{1f5fd}'.repeat(5001), campaignId: '' });
    expect(problemsOf('address').map(({ field }) => field)).toEqual(['constituent/zip']);
    expect(problemsOf('message').map(({ field }) => field)).toEqual(['message/body']);
    expect(problemsOf('review').map(({ field }) => field)).toEqual(['campaignId']);
  });

  it('can be reviewed but not sent before there is a campaign', () => {
    fill({ campaignId: '' });
    expect([reviewedMessage()?.constituent.zip, currentMessage()]).toEqual(['94601', null]);
    values['constituent/zip'].value = '9';
    expect(reviewedMessage()).toBeNull();
  });

  it('accepts a web address as it is pasted, and refuses an invalid one', () => {
    fill({ 'message/moreInfo': ' https://example.org/a[1]|b ' });
    expect(currentMessage()?.message.moreInfo).toBe('https://example.org/a%5B1%5D%7Cb');
    values['message/moreInfo'].value = 'example.org';
    expect(shown()).toEqual([['message/moreInfo', 'invalid']]);
  });

  it.each([
    [
      'constituent/phone',
      ['5105550100', '(510) 555-0100', '510 555 0100', '+1 510-555-0100', '1.510.555.0100'],
      '510-555-0100',
    ],
    ['constituent/zip', ['946011234', '94601 1234', '94601-1234'], '94601-1234'],
  ] as const)('writes %s as Congress does, however it is typed', (name, typed, written) => {
    for (const each of typed) {
      fill({ [name]: each });
      expect(currentMessage()?.constituent).toMatchObject({ [name.slice('constituent/'.length)]: written });
    }
  });

  it.each(['555-0100', '44 20 7946 0000', '510-555-01000', 'call me'])('refuses %s as a phone number', (typed) => {
    fill({ 'constituent/phone': typed });
    expect(shown()).toEqual([['constituent/phone', 'invalid']]);
  });

  it('keeps the address and the offices for another message', () => {
    fill({ 'message/stance': 'pro' });
    clearMessage();
    expect(problemsOf('address')).toEqual([]);
    expect(problemsOf('message').map(({ field }) => field)).toEqual([
      'message/topics',
      'message/subject',
      'message/body',
    ]);
    expect(formContent().values).toEqual(expect.not.objectContaining({ 'message/stance': 'pro' }));
  });

  it('names one problem for a field with several', () => {
    fill({ 'message/bills': 'nonsense\nmore nonsense' });
    expect(shown()).toEqual([['message/bills', 'invalid']]);
  });
});

describe('offices', () => {
  it('are the seats of the state, once the person has chosen a district', () => {
    chooseState('CA');
    expect(offices.value).toEqual(['SCA01', 'SCA03']);
    expect(shown()).toContainEqual(['district', 'required']);
    expect(shown()).not.toContainEqual(['offices', 'required']);
    values.district.value = 'HCA12';
    expect(offices.value).toEqual(['HCA12', 'SCA01', 'SCA03']);
    toggleSeat('SCA01', false);
    expect(offices.value).toEqual(['HCA12', 'SCA03']);
    values.district.value = 'none';
    expect(offices.value).toEqual(['SCA03']);
    expect(shown()).not.toContainEqual(['district', 'required']);
    toggleSeat('SCA03', false);
    expect(shown()).toContainEqual(['offices', 'required']);
  });

  it('need no district in a state or territory with one seat', () => {
    chooseState('AK');
    expect(offices.value).toEqual(['HAK00', 'SAK02', 'SAK03']);
    chooseState('AS');
    expect(offices.value).toEqual(['HAQ00']);
    expect(shown()).not.toContainEqual(['district', 'required']);
  });

  it('of a state are removed when the person chooses another state', () => {
    chooseState('CA');
    values.district.value = 'HCA12';
    chooseState('OH');
    expect([values.district.value, offices.value]).toEqual(['', ['SOH01', 'SOH03']]);
    chooseState('');
    expect([seats.value, offices.value]).toEqual([[], []]);
  });

  it('chosen by code replace those chosen by name', () => {
    fill({ offices: ' hca12, SCA01\nSCA03 ', district: '' });
    expect(offices.value).toEqual(['HCA12', 'SCA01', 'SCA03']);
    expect(problems.value).toEqual([]);
    values.offices.value = 'HCA12 SCA01 SCA03 HCA13 HCA14';
    expect(shown()).toEqual([['offices', 'too_long']]);
    values.offices.value = 'HCA12 HCA53';
    expect(shown()).toEqual([['offices', 'no_such_office']]);
    values.offices.value = 'HOH01';
    expect(shown()).toEqual([['offices', 'other_state']]);
    values.offices.value = 'XX';
    expect(shown()).toEqual([['offices', 'invalid']]);
  });
});

describe('a draft', () => {
  const kept = new Map<string, string>();
  let full = false;
  beforeAll(() => {
    Object.assign(globalThis, {
      sessionStorage: {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => {
          if (full) throw new Error('QuotaExceededError');
          kept.set(key, value);
        },
        removeItem: (key: string) => kept.delete(key),
      },
    });
  });
  beforeEach(() => {
    kept.clear();
    full = false;
  });
  afterAll(() => {
    Reflect.deleteProperty(globalThis, 'sessionStorage');
  });

  it('is restored once, with everything that was entered, and is then removed from the browser', () => {
    fill({ 'message/stance': 'pro' });
    toggleSeat('SCA01', false);
    const before = formContent();
    step.value = 'message';
    expect(saveDraft()).toBe(true);
    fillForm(EMPTY);
    expect(restoreDraft()).toBe('message');
    expect(formContent()).toEqual(before);
    expect(kept.size).toBe(0);
    expect(restoreDraft()).toBeNull();
  });

  it('suppresses the warning before leaving only while it holds everything that was entered', () => {
    expect(closingLosesContent()).toBe(false);
    values.campaignId.value = 'from-the-link';
    expect(closingLosesContent()).toBe(false);
    fill();
    expect(closingLosesContent()).toBe(true);
    saveDraft();
    expect(closingLosesContent()).toBe(false);
    values['message/subject'].value = 'Another subject';
    expect(closingLosesContent()).toBe(true);
  });

  it('that was saved before a visit to another page is removed after five minutes if the person stays on this page', () => {
    jest.useFakeTimers();
    fill();
    keepDraftForReturn();
    jest.advanceTimersByTime(4 * 60_000);
    keepDraftForReturn();
    jest.advanceTimersByTime(4 * 60_000);
    expect(kept.size).toBe(1);
    jest.advanceTimersByTime(60_000);
    expect(kept.size).toBe(0);
    jest.useRealTimers();
  });

  it.each([
    ['https://c.example.org/verify#campaign=parks', true],
    ['https://c.example.org/', true],
    ['https://c.example.org/#campaign=parks', false],
    ['https://c.example.org:8443/verify', false],
    ['blob:https://c.example.org/1', false],
    ['mailto:a@example.org', false],
  ])('is kept before the link %s is followed: %s', (href, expected) => {
    expect(leavesPage(href, 'https://c.example.org/#campaign=parks')).toBe(expected);
  });

  it('is not kept if the browser stores no data, or the draft is too long', () => {
    fill();
    full = true;
    expect(saveDraft()).toBe(false);
    full = false;
    values['message/body'].value = 'x'.repeat(128 * 1024);
    expect(saveDraft()).toBe(false);
    expect(closingLosesContent()).toBe(true);
  });

  it.each([
    ['a text that is not JSON', 'x'],
    ['an array instead of an object', '[]'],
    ['an unknown member', '{"step":"address","values":{},"topics":[],"seats":[],"more":1}'],
    ['an unknown step', '{"step":"sent","values":{},"topics":[],"seats":[]}'],
    ['an unknown field', '{"step":"address","values":{"__proto__":"x"},"topics":[],"seats":[]}'],
    ['a value that is not text', '{"step":"address","values":{"message/body":1},"topics":[],"seats":[]}'],
    ['an unknown topic', '{"step":"address","values":{},"topics":["Weather"],"seats":[]}'],
    ['an unknown office', '{"step":"address","values":{},"topics":[],"seats":["SCA02"]}'],
    [
      'a text longer than any form',
      `{"step":"address","values":{"message/body":"${'x'.repeat(128 * 1024)}"},"topics":[],"seats":[]}`,
    ],
  ])('is ignored with %s', (_, text) => {
    expect(readDraft(text)).toBeNull();
  });
});

it('offers the topics of Congress', () => {
  expect(TOPICS).toHaveLength(32);
});
