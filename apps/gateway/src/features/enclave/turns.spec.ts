import { Turns } from './turns';

const LONG_MS = 60_000;

describe('turns', () => {
  it('go to so many at once, then in order', async () => {
    const turns = new Turns(2);
    expect(await turns.take(LONG_MS)).toBe('taken');
    expect(await turns.take(LONG_MS)).toBe('taken');
    const order: number[] = [];
    const waiting = [1, 2, 3].map((n) => turns.take(LONG_MS).then(() => order.push(n)));
    await new Promise(setImmediate);
    expect(order).toEqual([]);
    for (const one of waiting) {
      turns.give();
      await one;
    }
    expect(order).toEqual([1, 2, 3]);
  });

  it('are not lost to those who gave up or waited too long', async () => {
    const turns = new Turns(1);
    await turns.take(LONG_MS);
    const controller = new AbortController();
    const aborted = turns.take(LONG_MS, controller.signal);
    controller.abort();
    expect(await aborted).toBe('ABORT_ERR');
    expect(await turns.take(LONG_MS, AbortSignal.abort())).toBe('ABORT_ERR');
    expect(await turns.take(1)).toBe('ETIMEDOUT');
    turns.give();
    expect(await turns.take(1)).toBe('taken');
  });
});
