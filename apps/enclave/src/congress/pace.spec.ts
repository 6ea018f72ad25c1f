import { Pace, PaceFull } from './pace';

describe('the pace of a chamber', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('spaces the starts, in the order of asking', async () => {
    const pace = new Pace(100, 10_000);
    const started: string[] = [];
    for (const name of ['a', 'b', 'c']) void pace.turn().then(() => started.push(`${name} ${performance.now()}`));
    const origin = performance.now();
    await jest.advanceTimersByTimeAsync(1000);
    expect(started).toEqual([`a ${origin}`, `b ${origin + 100}`, `c ${origin + 200}`]);
  });

  it('owes nothing for time in which nobody came', async () => {
    const pace = new Pace(100, 0);
    await pace.turn();
    await jest.advanceTimersByTimeAsync(100);
    await pace.turn(); // a wait would be refused
    await expect(pace.turn()).rejects.toBeInstanceOf(PaceFull);
  });

  it('sends away whoever would wait too long, and says for how long', async () => {
    const pace = new Pace(1000, 1500);
    await pace.turn();
    const second = pace.turn();
    await expect(pace.turn()).rejects.toMatchObject({ retryAfterSeconds: 2 });
    await jest.advanceTimersByTimeAsync(1000);
    await second;
  });

  it('lets the caller give up', async () => {
    const pace = new Pace(1000, 10_000);
    await pace.turn();
    const controller = new AbortController();
    const waiting = expect(pace.turn(controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    controller.abort();
    await waiting;
    expect(jest.getTimerCount()).toBe(0);
    await expect(pace.turn(controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
