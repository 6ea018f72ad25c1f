import { beside, bestOf, meets, notMeasured, type Row } from './measure';
import { table } from './table';

const reference: Row = { what: 'reference', value: 200, unit: 'req/s' };

describe('figures beside their references', () => {
  it('meet an aim that is a minimum or a maximum', () => {
    expect(beside({ what: 'ours', value: 100, unit: 'req/s' }, reference, { atLeast: 0.5 })).toMatchObject({
      ratio: 0.5,
      reference: 'reference',
    });
    expect([
      meets(0.5, { atLeast: 0.5 }),
      meets(0.49, { atLeast: 0.5 }),
      meets(1.2, { atMost: 1.2 }),
      meets(1.21, { atMost: 1.2 }),
    ]).toEqual([true, false, true, false]);
  });

  it('have no ratio if one of the two was not measured', () => {
    const absent = notMeasured('nginx', 'req/s', 'nginx');
    expect(beside(reference, absent, { atLeast: 1 })).not.toHaveProperty('ratio');
    expect(beside(absent, reference, { atLeast: 1 })).not.toHaveProperty('ratio');
    expect(table('t', [absent, beside(reference, absent, { atLeast: 1 })])).toMatch(
      /^nginx +not measured +no nginx on this machine$/m,
    );
  });

  it('are marked in the table if they miss their aim', () => {
    const text = table('title', [
      beside({ what: 'ours', value: 99, unit: 'req/s' }, reference, { atLeast: 0.5 }),
      beside({ what: 'late', value: 3, unit: 'ms' }, { what: 'soon', value: 2 }, { atMost: 1.6 }),
    ]);
    expect(text).toMatch(/^ours +99\.00 req\/s +0\.49 +reference +>= 0\.50 MISSED$/m);
    expect(text).toMatch(/^late +3\.00 ms +1\.50 +soon +<= 1\.60 met$/m);
  });

  it('are the best of several rounds in which the contenders alternate', async () => {
    const order: string[] = [];
    const contender = (name: string, values: number[]) => () => {
      order.push(name);
      return Promise.resolve(values.shift() ?? 0);
    };
    expect(await bestOf(2, [contender('a', [1, 3]), contender('b', [5, 4])])).toEqual([3, 5]);
    expect(order).toEqual(['a', 'b', 'a', 'b']);
  });
});
