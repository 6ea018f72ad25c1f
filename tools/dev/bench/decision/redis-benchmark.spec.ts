import { rateOfCsv } from './redis-benchmark';

const HEAD =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n';

describe('the output of redis-benchmark', () => {
  it('is read even if the command in it contains commas and quotes', () => {
    expect(
      rateOfCsv(`${HEAD}"evalsha e0e1 2 a,"b" 1 2","54200.54","0.390","0.096","0.383","0.583","0.727","2.327"\n`),
    ).toBe(54200.54);
  });

  it('is refused if it has no rate', () => {
    expect(() => rateOfCsv(HEAD)).toThrow('no rate');
    expect(() => rateOfCsv('')).toThrow('no rate');
  });
});
