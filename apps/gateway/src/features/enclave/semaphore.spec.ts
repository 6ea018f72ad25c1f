import { Semaphore } from './semaphore';

const LONG_MS = 60_000;

describe('Semaphore', () => {
  it('admits as many callers at once as it has places, then the others in order', async () => {
    const semaphore = new Semaphore(2);
    expect(await semaphore.acquire(LONG_MS)).toBe('acquired');
    expect(await semaphore.acquire(LONG_MS)).toBe('acquired');
    const order: number[] = [];
    const waiting = [1, 2, 3].map((n) => semaphore.acquire(LONG_MS).then(() => order.push(n)));
    await new Promise(setImmediate);
    expect(order).toEqual([]);
    for (const one of waiting) {
      semaphore.release();
      await one;
    }
    expect(order).toEqual([1, 2, 3]);
  });

  it('does not admit a caller that aborted or timed out', async () => {
    const semaphore = new Semaphore(1);
    await semaphore.acquire(LONG_MS);
    const controller = new AbortController();
    const aborted = semaphore.acquire(LONG_MS, controller.signal);
    controller.abort();
    expect(await aborted).toBe('ABORT_ERR');
    expect(await semaphore.acquire(LONG_MS, AbortSignal.abort())).toBe('ABORT_ERR');
    expect(await semaphore.acquire(1)).toBe('ETIMEDOUT');
    semaphore.release();
    expect(await semaphore.acquire(1)).toBe('acquired');
  });
});
