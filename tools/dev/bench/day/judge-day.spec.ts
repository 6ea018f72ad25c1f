import { judgeDay, type PostedMessage, type StoredCopy, type StoredMessage } from './judge-day';

const OFFICES = ['HCA12', 'SCA01'];
const posted: PostedMessage = { id: 'a', mark: 'day-1', dueAtMs: 1000, accepted: true };
const stored: StoredMessage = { id: 'a', status: 'delivered', endedAtMs: 1250 };
const copies: StoredCopy[] = OFFICES.map((office) => ({ mark: 'day-1', office }));

describe('the verdict on a day', () => {
  it('finds no fault if each office has one copy', () => {
    expect(judgeDay([posted], [stored], copies, OFFICES)).toEqual({
      lost: 0,
      doubled: 0,
      notAccepted: 0,
      ends: { delivered: 1 },
      latencies: [{ dueAtMs: 1000, ms: 250 }],
    });
  });

  it.each<[string, StoredMessage[], StoredCopy[]]>([
    ['is not in the database', [], copies],
    ['has no end', [{ ...stored, status: 'queued', endedAtMs: null }], copies],
    ['is marked as delivered although an office has no copy', [stored], copies.slice(1)],
  ])('counts an accepted message as lost if it %s', (_what, rows, found) => {
    expect(judgeDay([posted], rows, found, OFFICES)).toMatchObject({ lost: 1, latencies: [] });
  });

  it('counts each copy beyond the first, even of a message that was never accepted', () => {
    const again = [...copies, ...copies, { mark: 'day-1', office: 'HCA12' }];
    expect(judgeDay([posted], [stored], again, OFFICES)).toMatchObject({ lost: 0, doubled: 3 });
    expect(judgeDay([], [], again, OFFICES)).toMatchObject({ doubled: 3 });
  });

  it('counts messages that ended otherwise, and messages without a 202, separately', () => {
    const rows: StoredMessage[] = [{ id: 'a', status: 'unknown', endedAtMs: 2000 }];
    const refused = { ...posted, id: 'b', accepted: false };
    expect(judgeDay([posted, refused], rows, [], OFFICES)).toEqual({
      lost: 0,
      doubled: 0,
      notAccepted: 1,
      ends: { unknown: 1 },
      latencies: [],
    });
  });
});
