import { KmsError } from './errors';
import { attempted, type Attempts } from './attempts';

/** Returns options with a clock that advances only by pauses and tries. */
function setup({ random = 0.5, tryTakesMs = 0, deadlineMs = 20_000 } = {}) {
  let now = 1000;
  const slept: number[] = [];
  const attempts: Attempts = {
    timeoutMs: 5000,
    deadlineMs,
    monotonicMs: () => now,
    random: () => random,
    sleep: (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
  const timeouts: number[] = [];
  const tryOf = (answers: (KmsError | 'answered')[]) => (timeoutMs: number) => {
    timeouts.push(timeoutMs);
    now += tryTakesMs;
    const answer = answers[Math.min(timeouts.length, answers.length) - 1];
    return answer instanceof KmsError ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { attempts, slept, timeouts, tryOf, elapsed: () => now - 1000 };
}
const throttled = new KmsError('kms_throttled', 'x', { retryable: true });
const denied = new KmsError('kms_denied', 'x');

it('tries again, with pauses that double, until there is an answer', async () => {
  const { attempts, slept, tryOf } = setup();
  await expect(attempted(tryOf([throttled, throttled, throttled, 'answered']), attempts, undefined)).resolves.toBe(
    'answered',
  );
  expect(slept).toEqual([150, 300, 600]);
});

it.each([
  [0, [100, 200, 400, 800, 1600, 2500, 2500, 2500]],
  [0.999_999, [200, 400, 800, 1600, 3200, 5000]],
])('randomizes half of each pause (with the random number %d), up to 5 s', async (random, pauses) => {
  const { attempts, slept, tryOf } = setup({ random, deadlineMs: 12_000 });
  await expect(attempted(tryOf([throttled]), attempts, undefined)).rejects.toBe(throttled);
  expect(slept).toEqual(pauses);
});

it('throws KMS’s earlier error if the last try timed out', async () => {
  const late = new KmsError('kms_timeout', 'x', { retryable: true });
  const { attempts, tryOf } = setup({ deadlineMs: 1000 });
  await expect(attempted(tryOf([throttled, late]), attempts, undefined)).rejects.toBe(throttled);
  await expect(attempted(tryOf([late]), attempts, undefined)).rejects.toBe(late);
});

it('tries only once if the answer is final', async () => {
  const { attempts, timeouts, tryOf } = setup();
  await expect(attempted(tryOf([denied, 'answered']), attempts, undefined)).rejects.toBe(denied);
  expect(timeouts).toHaveLength(1);
});

it('throws an error that is not from KMS at once', async () => {
  const { attempts } = setup();
  const bug = new TypeError('a bug');
  await expect(attempted(() => Promise.reject(bug), attempts, undefined)).rejects.toBe(bug);
});

it('begins no try after the deadline, and gives the last try only the time that is left', async () => {
  const { attempts, timeouts, elapsed, tryOf } = setup({ tryTakesMs: 4000, deadlineMs: 10_000 });
  await expect(attempted(tryOf([throttled]), attempts, undefined)).rejects.toBe(throttled);
  expect(timeouts).toEqual([5000, 5000, 10_000 - 8000 - 150 - 300]);
  expect(elapsed()).toBeGreaterThanOrEqual(10_000);
});

it('does not begin if the caller has aborted, and stops if the caller aborts between two tries', async () => {
  const { attempts, timeouts, tryOf } = setup();
  const reason = new Error('given up');
  await expect(attempted(tryOf(['answered']), attempts, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(timeouts).toHaveLength(0);

  const caller = new AbortController();
  const sleep = () => {
    caller.abort(reason);
    return Promise.reject(new Error("the sleep's own word"));
  };
  await expect(attempted(tryOf([throttled]), { ...attempts, sleep }, caller.signal)).rejects.toBe(reason);
  expect(timeouts).toHaveLength(1);
});
