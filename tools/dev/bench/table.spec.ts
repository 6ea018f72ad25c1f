import { table } from './table';

const COUNT = { what: 'lost', unit: 'messages', mustBe: 0 } as const;

describe('a table of the bench', () => {
  it.each([
    [0, '0 messages', '0 met'],
    [3, '3 messages', '0 MISSED'],
    [null, 'not measured', '0 MISSED'],
  ])('compares the count %j with the guaranteed count', (value, shown, aim) => {
    const [, , , row = ''] = table('A day', [{ ...COUNT, value }])
      .trim()
      .split('\n');
    expect(row).toMatch(new RegExp(`^lost +${shown} +${aim}$`));
  });
});
