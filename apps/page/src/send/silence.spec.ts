import { askHealth } from './silence';

const { signal } = new AbortController();

afterEach(() => {
  jest.restoreAllMocks();
});

it.each([
  [200, 'quiet'],
  [503, 'busy'],
  [429, 'busy'],
] as const)('takes an answer of %i for a server that is there (%s)', async (status, kind) => {
  jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('', { status }));
  await expect(askHealth(signal)).resolves.toBe(kind);
});

it('calls the server gone only when it gives no answer at all', async () => {
  jest.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('Failed to fetch'));
  await expect(askHealth(signal)).resolves.toBe('gone');
});
