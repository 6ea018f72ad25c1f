import { pass, type Check } from '../check';
import { Progress } from './progress';

const check = (name: string): Check => ({
  name,
  title: name,
  group: 'here',
  network: false,
  run: () => Promise.resolve(pass('x')),
});

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('names the checks that are slow, and removes its line at the end', () => {
  let text = '';
  const progress = new Progress((more) => (text += more), Date.now);
  const [house, senate] = [check('house'), check('senate')];
  progress.start(house);
  jest.advanceTimersByTime(500);
  expect(text).toBe('');
  progress.start(senate);
  jest.advanceTimersByTime(600);
  expect(text.endsWith('  ... house (1 s)')).toBe(true);
  jest.advanceTimersByTime(1000);
  expect(text.endsWith('  ... house, senate (2 s)')).toBe(true);
  progress.end(house);
  progress.end(senate);
  progress.stop();
  expect(text.endsWith('\r\u001b[2K')).toBe(true);
  expect(jest.getTimerCount()).toBe(0);
});

it('prints nothing if its line could not be removed', () => {
  const progress = new Progress(undefined, Date.now);
  progress.start(check('house'));
  expect(jest.getTimerCount()).toBe(0);
  progress.stop();
});
