import { foresee, windowCopyKeys } from './cached-refusals';

const NOW = new Date('2027-03-01T23:59:58.500Z');
const caps = { userDayCapMicroUsd: 100n, systemHourCapMicroUsd: 1000n, systemDayCapMicroUsd: 1n };
const copy = (value: string | null, leftMs = 1000) => ({ value, leftMs });
const none = copy(null);
const code = (stop: string | null, day: string | null, hour: string | null, cost = 10n) =>
  foresee([copy(stop), copy(day), copy(hour)], cost, caps, NOW)?.code ?? null;

beforeEach(() => jest.spyOn(performance, 'now').mockReturnValue(5000));
afterEach(() => jest.restoreAllMocks());

describe('what the copies foresee', () => {
  it('is the refusal that PostgreSQL would give, in its order, to the micro-dollar', () => {
    expect(code(null, '90', '990')).toBeNull();
    expect(code(null, '91', '990')).toBe('user_daily_limit_reached');
    expect(code(null, '90', '991')).toBe('system_hourly_limit_reached');
    expect(code(null, '91', '991')).toBe('user_daily_limit_reached');
    expect(code('1', '91', '991')).toBe('emergency_stop');
    expect(code(null, '0', '0', 101n)).toBe('user_daily_limit_reached');
    expect(code(null, '9223372036854775807', null)).toBe('user_daily_limit_reached');
    expect(foresee([], 10n, caps, NOW)).toBeNull();
  });

  it.each([
    '',
    ' ',
    '-1',
    '1e9',
    '0x99',
    '999999999999x',
    '٩٩٩',
    '00999',
    '99.9',
    '1_000',
    '99999999999999999999',
    'NaN',
    'Infinity',
    '91\n',
  ])('is nothing where a copy holds %j', (garbage) => {
    expect(code(garbage, garbage, garbage)).toBeNull();
  });

  it.each(['0', '2', 'true', '11'])('is no stop where its copy holds %j', (garbage) => {
    expect(code(garbage, null, null)).toBeNull();
  });

  it('holds as long as the copy lives, two seconds at most, and not beyond its window', () => {
    const until = (stop: ReturnType<typeof copy>, day: ReturnType<typeof copy>) =>
      foresee([stop, day, none], 10n, caps, NOW)?.untilMs;
    expect(until(copy('1', 300), none)).toBe(5300);
    expect(until(copy('1', 999_999), none)).toBe(7000);
    expect(until(none, copy('91', 1900))).toBe(6500); // the UTC day ends
  });

  it('is of one owner and one window', () => {
    const keys = windowCopyKeys('alice', NOW);
    const later = windowCopyKeys('alice', new Date(NOW.getTime() + 1500));
    expect(
      new Set([keys.userDay, later.userDay, windowCopyKeys('bob', NOW).userDay, keys.systemHour, later.systemHour])
        .size,
    ).toBe(5);
  });
});
