import { ReportBudget } from './report-budget';

describe('the budget of reports', () => {
  it('sends one report of each kind per minute, with the number of reports that it held back', () => {
    const budget = new ReportBudget();
    expect([budget.take('a', 0), budget.take('a', 1), budget.take('a', 59_999), budget.take('b', 2)]).toEqual([
      0,
      null,
      null,
      0,
    ]);
    expect([budget.take('a', 60_000), budget.take('a', 60_001), budget.take('a', 120_000)]).toEqual([2, null, 1]);
  });

  it('sends thirty reports per minute in total, and counts all reports that it held back', () => {
    const budget = new ReportBudget();
    const taken = Array.from({ length: 100 }, (_, n) => budget.take(String(n), 0));
    expect(taken.filter((each) => each === 0)).toHaveLength(30);
    expect(budget.take('99', 60_000)).toBe(1);
  });

  it('remembers a limited number of kinds', () => {
    const budget = new ReportBudget();
    for (let n = 0; n < 10_000; n++) budget.take(String(n), n * 10);
    expect(budget.size).toBe(256);
  });
});
