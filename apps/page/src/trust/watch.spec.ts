import { checkEnclave, evidence, trust, type Evidence } from './trust';
import { watchEnclave } from './watch';

jest.mock('./trust', () => {
  const { signal } = jest.requireActual<typeof import('@preact/signals')>('@preact/signals');
  return { trust: signal({ kind: 'checking' }), evidence: signal(undefined), checkEnclave: jest.fn() };
});

const check = jest.mocked(checkEnclave);
const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
const windowEvents = new EventTarget();

function verify(): void {
  evidence.value = { atMs: Date.now() } as Evidence;
  trust.value = { kind: 'verified' } as typeof trust.value;
}

/** Changes the page's visibility, as a browser does. */
function show(visibilityState: 'visible' | 'hidden'): void {
  page.visibilityState = visibilityState;
  page.dispatchEvent(new Event('visibilitychange'));
}

beforeAll(() => {
  jest.useFakeTimers();
  Object.defineProperty(globalThis, 'document', { value: page, configurable: true });
  Object.defineProperty(globalThis, 'location', { value: new URL('http://localhost/'), configurable: true });
  globalThis.addEventListener = windowEvents.addEventListener.bind(windowEvents) as typeof globalThis.addEventListener;
  watchEnclave();
});
beforeEach(() => {
  page.visibilityState = 'visible';
  verify();
  check.mockClear();
});
afterAll(() => {
  jest.useRealTimers();
});

it('a page in view checks again after ten minutes, and shows the last result meanwhile', () => {
  jest.advanceTimersByTime(9 * 60_000);
  expect(check).not.toHaveBeenCalled();
  jest.advanceTimersByTime(60_000);
  expect(check.mock.calls).toEqual([[true]]);
});

it('a page out of view sends no request, and checks when it is in view again if the last check is over a minute old', () => {
  show('hidden');
  jest.advanceTimersByTime(30_000);
  show('visible');
  expect(check).not.toHaveBeenCalled();
  show('hidden');
  jest.advanceTimersByTime(20 * 60_000);
  expect(check).not.toHaveBeenCalled();
  show('visible');
  expect(check.mock.calls).toEqual([[true]]);
});

it('a server that does not answer is asked again every 20 seconds, and when the network is available again', () => {
  trust.value = { kind: 'unreachable', reason: { kind: 'no_connection' } };
  jest.advanceTimersByTime(20_000);
  expect(check).toHaveBeenCalledTimes(1);
  windowEvents.dispatchEvent(new Event('online'));
  expect(check).toHaveBeenCalledTimes(2);
});

it('a page that the Back button shows again discards its old result and checks again at once', () => {
  windowEvents.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }));
  expect(check).not.toHaveBeenCalled();
  windowEvents.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  expect(check.mock.calls).toEqual([[]]);
});

it('another link in the tab, and a choice in another tab, take effect at once', () => {
  location.hash = '#step-2';
  windowEvents.dispatchEvent(new Event('hashchange'));
  expect(check).not.toHaveBeenCalled();
  location.hash = `#pcr0=${'ab'.repeat(48)}`;
  windowEvents.dispatchEvent(new Event('hashchange'));
  expect(check.mock.calls).toEqual([[]]);
  windowEvents.dispatchEvent(Object.assign(new Event('storage'), { key: 'communique-tee language' }));
  expect(check).toHaveBeenCalledTimes(1);
  windowEvents.dispatchEvent(Object.assign(new Event('storage'), { key: 'communique-tee trust' }));
  expect(check.mock.calls).toEqual([[], []]);
});
