import { runOpenLoop, type Clock } from './open-loop';

/** Time that passes only when the code under test sleeps, or a test calls `pass`. */
function manualClock(): Clock & { pass(ms: number): void } {
  let nowMs = 1000;
  return {
    nowMs: () => nowMs,
    pass: (ms) => {
      nowMs += ms;
    },
    sleep: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
  };
}

describe('an open loop', () => {
  it('sends at fixed times, and does not count the warm-up', async () => {
    const clock = manualClock();
    const sentAt: number[] = [];
    const latencies = await runOpenLoop(
      { ratePerSecond: 10, warmUpMs: 300, durationMs: 500 },
      () => {
        sentAt.push(clock.nowMs() - 1000);
        return Promise.resolve();
      },
      clock,
    );
    expect(sentAt).toEqual([0, 100, 200, 300, 400, 500, 600, 700]);
    expect(latencies).toHaveLength(5);
  });

  it('counts latencies from when requests were due, also after a stall', async () => {
    const clock = manualClock();
    let sent = 0;
    const latencies = await runOpenLoop(
      { ratePerSecond: 10, warmUpMs: 0, durationMs: 500 },
      () => {
        if (sent++ === 1) clock.pass(250); // stalls the sender itself
        return Promise.resolve();
      },
      clock,
    );
    expect(sent).toBe(5);
    // The request that was due at 100 ended at 350. Those due at 200 and 300 were sent only then, and answered at once
    expect(latencies[1]).toBeGreaterThanOrEqual(250);
    expect(latencies[2]).toBeGreaterThanOrEqual(150);
    expect(latencies[3]).toBeGreaterThanOrEqual(50);
  });

  it('ends with the error of a request that failed', async () => {
    const clock = manualClock();
    await expect(
      runOpenLoop({ ratePerSecond: 10, warmUpMs: 0, durationMs: 500 }, () => Promise.reject(new Error('503')), clock),
    ).rejects.toThrow('503');
  });
});
