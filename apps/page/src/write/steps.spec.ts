import type { Step } from './fields';
import { focusTarget, goTo, moves, startSteps, step } from './steps';

/** The part of the browser's history that the page uses. */
const entries: unknown[] = [];
let back: ((event: { state: unknown }) => void) | undefined;
let ready: (at: Step) => boolean;

beforeAll(() => {
  Object.assign(globalThis, {
    history: {
      pushState: (state: unknown) => entries.push(state),
      replaceState: (state: unknown) => entries.splice(-1, 1, state),
    },
    addEventListener: (_: string, listener: typeof back) => (back = listener),
  });
});
beforeEach(() => {
  entries.splice(0, Infinity, null);
  ready = () => true;
  startSteps('address', (at) => ready(at));
});
afterAll(() => {
  for (const name of ['history', 'addEventListener']) Reflect.deleteProperty(globalThis, name);
});

it('adds an entry to the history for each step that the person goes to', () => {
  const before = moves.value;
  goTo('message');
  goTo('message');
  goTo('address', 'field-district');
  expect(entries).toEqual([{ step: 'address' }, { step: 'message' }, { step: 'address' }]);
  expect([step.value, focusTarget.value, moves.value - before]).toEqual(['address', 'field-district', 2]);
});

it('starts at the step of a draft, with the steps before it in the history', () => {
  entries.splice(0, Infinity, null);
  startSteps('review', () => true);
  expect([step.value, entries]).toEqual(['review', [{ step: 'address' }, { step: 'message' }, { step: 'review' }]]);
});

it('follows the Back and Forward buttons, and ignores entries that other code has made', () => {
  goTo('message', 'field-district');
  back?.({ state: { step: 'address' } });
  expect([step.value, focusTarget.value]).toEqual(['address', undefined]);
  for (const state of [null, 'x', {}, { step: 'sent' }]) back?.({ state });
  expect(step.value).toBe('address');
});

it('stops at the first step that is not ready, however far forward the history goes', () => {
  ready = (at) => at !== 'message';
  back?.({ state: { step: 'review' } });
  expect(step.value).toBe('message');
});
