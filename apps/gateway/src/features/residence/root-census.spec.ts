import type { RootNote } from '@communique-tee/residence';
import { Logger } from '../../core/telemetry/logger';
import { RootCensus } from './root-census';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2027, 1, 1);
const at = (hours: number) => new Date(START_MS + hours * HOUR_MS);

function noteOf(root: number, notAfterHours = 14 * 24): RootNote {
  const notAfter = (START_MS + notAfterHours * HOUR_MS) / 1000;
  return { registrar: 'r', root: new Uint8Array(32).fill(root), notBefore: START_MS / 1000, notAfter, places: 1 };
}

describe('RootCensus', () => {
  let lines: string[];
  let census: RootCensus;
  beforeEach(() => {
    lines = [];
    census = new RootCensus(new Logger({ log: { level: 'info' } }, { write: (line) => void lines.push(line) }));
  });
  const count = (root: number, times: number, hours: number) => {
    for (let n = 0; n < times; n++) census.count(noteOf(root), at(hours));
  };

  it('counts the messages of each root, by its first digits', () => {
    count(0xab, 3, 0);
    count(0xcd, 1, 0);
    expect(census.all(at(0))).toEqual([
      { root: 'ab'.repeat(8), messages: 3, isRare: false },
      { root: 'cd'.repeat(8), messages: 1, isRare: false },
    ]);
  });

  it('warns once about a root with only one message after a day in which another root had a hundred', () => {
    count(1, 1, 0);
    count(2, 100, 12);
    expect(lines).toEqual([]);
    count(2, 5, 25);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('a root of the registrar stays rare');
    expect(census.all(at(25)).filter(({ isRare }) => isRare)).toHaveLength(1);
  });

  it('does not warn about a root of a small service, or a new root', () => {
    count(1, 5, 0);
    count(2, 98, 48);
    count(3, 1, 48);
    expect(lines).toEqual([]);
  });

  it('counts at most sixteen roots, however many a registrar signs', () => {
    for (let root = 1; root <= 40; root++) count(root, 1, 0);
    expect(census.all(at(0))).toHaveLength(16);
  });

  it('drops ended roots, and returns how long the last one lasts', () => {
    expect(census.secondsLeft(at(0))).toBeNull();
    census.count(noteOf(1, 10), at(0));
    census.count(noteOf(2, 20), at(0));
    expect(census.secondsLeft(at(5))).toBe(15 * 3600);
    expect(census.all(at(15))).toHaveLength(1);
    expect(census.secondsLeft(at(22))).toBe(-2 * 3600);
  });

  it('takes the end of a root from its longest note if an unchanged list was signed again', () => {
    census.count(noteOf(1, 10), at(0));
    census.count(noteOf(1, 20), at(5));
    census.count(noteOf(1, 10), at(6));
    expect(census.secondsLeft(at(8))).toBe(12 * 3600);
    census.count(noteOf(2, 30), at(8));
    expect(census.all(at(12))).toHaveLength(2);
  });
});
