import type { Redis } from 'ioredis';
import type { SharedRedis } from '../../core/redis/shared-redis';
import type { BudgetRefusal } from './budget-refusal';
import { CachedRefusals, cachedRefusalKeys, readCachedRefusal, type Spending } from './cached-refusals';

const NOW = new Date('2027-03-01T23:59:58.500Z');
const cached = (value: string | null, leftMs = 1000) => ({ value, leftMs });
const none = cached(null);
const code = (stop: string | null, day: string | null, hour: string | null) =>
  readCachedRefusal([cached(stop), cached(day), cached(hour)], NOW)?.code ?? null;

beforeEach(() => jest.spyOn(performance, 'now').mockReturnValue(5000));
afterEach(() => jest.restoreAllMocks());

describe('readCachedRefusal', () => {
  it('returns the refusal that PostgreSQL would give first', () => {
    expect(code(null, null, null)).toBeNull();
    expect(code(null, 'user_daily_limit_reached', null)).toBe('user_daily_limit_reached');
    expect(code(null, 'daily_messages_reached', null)).toBe('daily_messages_reached');
    expect(code(null, null, 'system_hourly_limit_reached')).toBe('system_hourly_limit_reached');
    expect(code(null, 'daily_messages_reached', 'system_hourly_limit_reached')).toBe('daily_messages_reached');
    expect(code('emergency_stop', 'daily_messages_reached', 'system_hourly_limit_reached')).toBe('emergency_stop');
    expect(readCachedRefusal([], NOW)).toBeNull();
  });

  it.each([
    '',
    ' ',
    '1',
    '99999999999',
    'true',
    'user_daily_limit',
    'EMERGENCY_STOP',
    'rate_limited',
    'emergency_stop\n',
  ])('ignores %j', (garbage) => {
    expect(code(garbage, garbage, garbage)).toBeNull();
  });

  it('ignores a code under a key of another window', () => {
    expect(code('user_daily_limit_reached', 'system_hourly_limit_reached', 'daily_messages_reached')).toBeNull();
    expect(code(null, 'emergency_stop', 'emergency_stop')).toBeNull();
  });

  it('is valid until the value ends in Redis, for at most two seconds, and not beyond its window', () => {
    const until = (stop: ReturnType<typeof cached>, day: ReturnType<typeof cached>) =>
      readCachedRefusal([stop, day, none], NOW)?.untilMs;
    expect(until(cached('emergency_stop', 300), none)).toBe(5300);
    expect(until(cached('emergency_stop', 999_999), none)).toBe(7000);
    expect(until(none, cached('user_daily_limit_reached', 1900))).toBe(6500); // the UTC day ends
  });

  it('refuses a message without a price only by the day’s messages, and an agent’s task only by the stop', () => {
    const of = (spending: Spending, ...values: (string | null)[]) =>
      readCachedRefusal(
        values.map((value) => cached(value)),
        NOW,
        spending,
      )?.code ?? null;
    const full = ['emergency_stop', 'user_daily_limit_reached', 'system_hourly_limit_reached'];
    expect(of('free_message', ...full)).toBeNull();
    expect(of('free_message', 'emergency_stop', 'daily_messages_reached')).toBe('daily_messages_reached');
    expect(of('agent_task', ...full)).toBe('emergency_stop');
    expect(of('agent_task', null, 'daily_messages_reached', 'system_hourly_limit_reached')).toBeNull();
  });

  it('uses different keys for each owner and each window', () => {
    const later = new Date(NOW.getTime() + 1500);
    const keys = [cachedRefusalKeys('alice', NOW), cachedRefusalKeys('alice', later), cachedRefusalKeys('bob', NOW)];
    expect(new Set(keys.flat()).size).toBe(6); // one key for the stop, three for days, two for hours
  });
});

describe('CachedRefusals', () => {
  it.each<[BudgetRefusal, string, number]>([
    ['fair_share_reached', '2027-03-01T10:00:00.000Z', 2000],
    ['fair_share_reached', '2027-03-01T10:59:59.400Z', 600],
    ['user_daily_limit_reached', '2027-03-01T10:59:59.400Z', 2000],
    ['user_daily_limit_reached', '2027-03-01T23:59:59.400Z', 600],
    ['emergency_stop', '2027-03-01T23:59:59.400Z', 2000],
  ])('keeps %s of %s for %i ms, so that it ends with its window', (refusal, now, expectedMs) => {
    const set = jest.fn<Promise<unknown>, unknown[]>(() => Promise.resolve('OK'));
    const redis = { usable: true, ask: (run: (redis: Redis) => unknown) => Promise.resolve(run({ set } as never)) };
    new CachedRefusals(redis as unknown as SharedRedis).remember(refusal, 'alice', new Date(now));
    expect(set.mock.calls).toEqual([[expect.any(String), refusal, 'PX', expectedMs]]);
  });
});
