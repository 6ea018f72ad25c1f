import { CONNECTION_ENDS, ENCLAVE_DESTINATIONS, type ConnectionEnd } from '@communique-tee/protocol';
import { ConnectionCounts, PUBLISH_EVERY_MS, REFUSED_FOR_MS } from './connection-counts';

const nothing = () =>
  Object.fromEntries(
    ENCLAVE_DESTINATIONS.map((destination) => [
      destination,
      Object.fromEntries(CONNECTION_ENDS.map((end) => [end, 0])) as Record<ConnectionEnd, number>,
    ]),
  );

describe('the counts of connections', () => {
  let nowMs: number;
  let counts: ConnectionCounts;
  /**
   * Counts connections to the House that ended in these ways, ends the interval, and returns the destinations whose certificates were
   * refused.
   */
  const interval = (...ends: ConnectionEnd[]) => {
    for (const end of ends) counts.count('house', end);
    nowMs += PUBLISH_EVERY_MS;
    counts.publish();
    return counts.published().certificatesRefused;
  };
  beforeEach(() => {
    nowMs = 0;
    counts = new ConnectionCounts(() => nowMs);
  });
  afterEach(() => jest.useRealTimers());

  it('are published for every destination, including counts of zero', () => {
    expect(counts.published()).toEqual({ totals: nothing(), certificatesRefused: [] });
    interval('connected', 'certificate_refused', 'certificate_refused');
    interval('connected');
    const { house = {}, ...others } = nothing();
    expect(counts.published().totals).toEqual({
      house: { ...house, connected: 2, certificate_refused: 2 },
      ...others,
    });
  });

  it('change only at fixed times, whatever is counted in between', () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    counts.start(PUBLISH_EVERY_MS);
    const publish = jest.spyOn(counts, 'publish');
    for (let second = 1; second <= 3000; second++) {
      const before = JSON.stringify(counts.published());
      if (second % 7 === 0) counts.count('senate', 'certificate_refused');
      expect(JSON.stringify(counts.published())).toBe(before);
      jest.advanceTimersByTime(1000);
      if (second % 300 !== 0) expect(JSON.stringify(counts.published())).toBe(before);
      expect(publish).toHaveBeenCalledTimes(Math.floor(second / 300));
    }
    expect(counts.published().totals['senate']?.certificate_refused).toBe(428);
    counts.stop();
    jest.advanceTimersByTime(PUBLISH_EVERY_MS);
    expect(publish).toHaveBeenCalledTimes(10);
  });

  it('name a destination when every certificate that it showed in an interval was refused', () => {
    expect(interval()).toEqual([]);
    expect(interval('certificate_refused', 'connected')).toEqual([]);
    expect(interval('unreachable', 'connect_timeout', 'name_not_resolved', 'tls_failed')).toEqual([]);
    expect(interval('certificate_refused')).toEqual(['house']);
  });

  it.each(CONNECTION_ENDS.filter((end) => end !== 'connected' && end !== 'certificate_refused'))(
    'name a destination while all its certificates are refused, though other connections end as %s',
    (end) => {
      for (let passedMs = 0; passedMs <= 2 * REFUSED_FOR_MS; passedMs += PUBLISH_EVERY_MS)
        expect(interval('certificate_refused', end)).toEqual(['house']);
      expect(interval('certificate_refused', end, 'connected')).toEqual([]);
    },
  );

  it('name each destination until a connection to it succeeds', () => {
    interval('certificate_refused', 'certificate_refused');
    expect(interval('unreachable')).toEqual(['house']);
    counts.count('senate', 'connected');
    counts.count('kms', 'certificate_refused');
    expect(interval()).toEqual(['house', 'kms']);
    expect(interval('certificate_refused', 'connected')).toEqual(['kms']);
  });

  it('name no destination after two hours without a refused certificate', () => {
    interval('certificate_refused');
    for (let passedMs = PUBLISH_EVERY_MS; passedMs < REFUSED_FOR_MS; passedMs += PUBLISH_EVERY_MS)
      expect(interval()).toEqual(['house']);
    expect(interval()).toEqual([]);
  });
});
