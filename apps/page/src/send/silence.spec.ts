import { askHealth } from './silence';

const { signal } = new AbortController();

afterEach(() => {
  jest.restoreAllMocks();
});

it.each([
  [200, 'quiet'],
  [503, 'busy'],
  [429, 'busy'],
] as const)('counts the server as reachable after an answer of %i (%s)', async (status, kind) => {
  jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('', { status }));
  await expect(askHealth(signal)).resolves.toBe(kind);
});

it('counts the server as gone only if it gives no answer at all', async () => {
  jest.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('Failed to fetch'));
  await expect(askHealth(signal)).resolves.toBe('gone');
});
