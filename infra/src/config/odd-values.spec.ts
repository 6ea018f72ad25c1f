import { ODD_VALUES } from '../testing/odd-values';
import { ACCEPTED, isRefused, parsed } from '../testing/parsed-settings';
import { settingsSchema } from './settings-schema';

const shown = (value: string) => (value.length > 90 ? `${value.slice(0, 40)}… (${value.length} characters)` : value);
const rows = ODD_VALUES.map((odd) => ({ ...odd, title: `${odd.key} ${JSON.stringify(shown(odd.value))}` }));

/** Removes the hosted zone for odd domains, because a domain must be in the hosted zone. */
const withoutZone = (key: string) => (key === 'domain' ? { hostedZone: undefined } : {});

it('has an accepted value for every key', () => {
  expect(Object.keys(ACCEPTED).sort()).toEqual(Object.keys(settingsSchema.shape).sort());
  expect(isRefused(parsed({}))).toBe(false);
});

it.each(rows.filter(({ problem }) => problem === undefined))('accepts $title', ({ key, value, beside = {} }) => {
  const answer = parsed({ ...withoutZone(key), ...beside, [key]: value });
  expect(isRefused(answer) ? answer : []).toEqual([]);
});

it.each(rows.filter(({ problem }) => problem !== undefined))(
  'refuses $title in one line',
  ({ key, value, problem, beside = {} }) => {
    const answer = parsed({ ...withoutZone(key), ...beside, [key]: value });
    if (!isRefused(answer)) throw new Error('it was accepted');
    expect(answer).toHaveLength(1);
    const [line = ''] = answer;
    expect(line).toMatch(new RegExp(`^${key}[: ]`));
    expect(line.slice(key.length).replace(/^(: | \S*: )/, '')).toMatch(problem ?? /^$/);
  },
);
