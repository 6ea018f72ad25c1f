import { selfTimes, sourcesOfBundle, type CpuProfile } from './self-time';

const BUNDLE = `'use strict';
// node_modules/pg/lib/client.js
function query() {}
  // apps/gateway/src/features/budget/windows.ts
function windowsOf() {}`;

describe('self time of a CPU profile', () => {
  const frame = (id: number, functionName: string, url: string, lineNumber: number) => ({
    id,
    callFrame: { functionName, url, lineNumber },
  });
  const profile: CpuProfile = {
    nodes: [
      frame(1, '(idle)', '', -1),
      frame(2, 'query', 'file:///b/main.js', 2),
      frame(3, 'windowsOf', 'file:///b/main.js', 4),
      frame(4, '(garbage collector)', '', -1),
    ],
    samples: [1, 2, 3, 2, 4],
    timeDeltas: [1000, 100, 300, 500, 100],
  };

  it('is reported by group and by function, without idle time', () => {
    const sourceOf = sourcesOfBundle(BUNDLE);
    const { groups, functions, busySeconds } = selfTimes(profile, (_url, line) => sourceOf(line));
    expect(busySeconds).toBe(0.001);
    expect(groups).toEqual([
      { what: 'pg', share: 0.6 },
      { what: 'own code', share: 0.3 },
      { what: 'garbage collection', share: 0.1 },
    ]);
    expect(functions[0]).toEqual({ what: 'query node_modules/pg/lib/client.js', share: 0.6 });
  });
});
