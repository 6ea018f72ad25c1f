import { FaultSchedule } from './schedule';

const schedule = (plan: Parameters<FaultSchedule['set']>[0]) => {
  const faults = new FaultSchedule();
  faults.set(plan);
  return faults;
};
const status = (code: number) => ({ kind: 'status' as const, status: code });

describe('the fault schedule', () => {
  it('returns no fault without a plan', () => {
    expect(new FaultSchedule().take('house', 'HCA12')).toBeNull();
  });

  it('returns the first fault that matches, as often as the plan says', () => {
    const faults = schedule({
      queue: [
        { fault: status(500), chamber: 'senate' },
        { fault: status(501), office: 'HCA12', times: 2 },
        { fault: status(502), times: 'always' },
      ],
    });
    const taken = [
      faults.take('house', 'HCA12'),
      faults.take('house', 'HCA13'),
      faults.take('senate', 'SCA01'),
      faults.take('house', 'HCA12'),
      faults.take('house', 'HCA12'),
      faults.take('senate', null),
    ];
    expect(taken.map((fault) => (fault?.kind === 'status' ? fault.status : null))).toEqual([
      501, 502, 500, 501, 502, 502,
    ]);
  });

  it('counts applied faults across changes of the plan', () => {
    const faults = schedule({
      queue: [
        { fault: { ...status(502), stored: true }, office: 'HCA12' },
        { fault: { kind: 'cut', at: 'before_reading' } },
      ],
    });
    faults.takeBeforeReading('house');
    faults.take('house', 'HCA12');
    faults.set({ queue: [{ fault: status(502), times: 'always' }] });
    for (let time = 0; time < 2; time++) faults.take('senate', 'SCA01');
    expect(faults.counts()).toEqual({ 'cut before_reading': 1, 'status 502, stored': 1, 'status 502': 2 });
  });

  it('strikes before reading only if the next fault is a cut that names no office', () => {
    const cut = { kind: 'cut' as const, at: 'before_reading' as const };
    expect(schedule({ queue: [{ fault: cut }] }).takeBeforeReading('house')).toBe(true);
    expect(schedule({ queue: [{ fault: cut, chamber: 'senate' }] }).takeBeforeReading('house')).toBe(false);
    expect(schedule({ queue: [{ fault: status(500) }, { fault: cut }] }).takeBeforeReading('house')).toBe(false);
    expect(schedule({ queue: [{ fault: cut, office: 'HCA12' }] }).takeBeforeReading('house')).toBe(false);
  });

  it('strikes with the given probability, and in the same way for the same seed', () => {
    const random = { seed: 42, probability: 0.25, faults: [status(500), status(502)] };
    const run = (seed: number) => {
      const faults = schedule({ random: { ...random, seed } });
      return Array.from({ length: 1000 }, () => faults.take('house', null)).map((fault) =>
        fault?.kind === 'status' ? fault.status : 0,
      );
    };
    expect(run(42)).toEqual(run(42));
    expect(run(42)).not.toEqual(run(43));
    const struck = run(42).filter((code) => code !== 0);
    expect(struck.length).toBeGreaterThan(180);
    expect(struck.length).toBeLessThan(320);
    expect(new Set(struck)).toEqual(new Set([500, 502]));
  });

  it.each([
    ['a number that is no HTTP status', { queue: [{ fault: { kind: 'status', status: 99 } }] }],
    ['an unknown kind', { queue: [{ fault: { kind: 'fire' } }] }],
    ['an unknown field', { queue: [], more: true }],
    ['a probability above one', { random: { seed: 1, probability: 1.1, faults: [{ kind: 'garbage' }] } }],
    ['an endless delay', { queue: [{ fault: { kind: 'slow', delayMs: 1e12 } }] }],
  ])('refuses %s', (_name, plan) => {
    expect(() => schedule(plan as never)).toThrow();
  });
});
