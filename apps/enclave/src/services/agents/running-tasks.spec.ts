import type { Provider } from '@communique-tee/protocol';
import { RunningTasks } from './running-tasks';

/** Starts as many tasks as possible of each provider in turn, ends none, and returns how many started for each. */
function begun(max: number, providers: readonly Provider[]): number[] {
  const running = new RunningTasks(max, providers.length);
  return providers.map((provider) => {
    let count = 0;
    for (; running.hasRoom(provider); count++) running.begin(provider);
    return count;
  });
}

it('gives all places to a sole provider', () => {
  expect([begun(8, ['openai']), begun(1, ['openai'])]).toEqual([[8], [1]]);
});

it.each([3, 4, 8, 32])('leaves a place for the third provider while two hang, with %i places', (max) => {
  const [first = 0, second = 0, third = 0] = begun(max, ['openai', 'gemini', 'anthropic']);
  expect(third).toBeGreaterThanOrEqual(1);
  expect(first).toBe(second);
  expect(first + second + third).toBeLessThanOrEqual(max);
});

it('never runs more tasks than there are places', () => {
  expect(begun(2, ['openai', 'gemini', 'anthropic'])).toEqual([1, 1, 0]);
});

it('frees the place of a task that ended', () => {
  const running = new RunningTasks(3, 2);
  running.begin('openai');
  expect(running.hasRoom('openai')).toBe(false);
  running.end('openai');
  expect(running.hasRoom('openai')).toBe(true);
});
