import { drawFaultPlan, PROCESSES } from './fault-plan';

describe('the fault plan', () => {
  it('is the same for the same seed, and differs for another', () => {
    expect(drawFaultPlan(42, 120_000, { gateways: 1, enclaves: 1 })).toEqual(
      drawFaultPlan(42, 120_000, { gateways: 1, enclaves: 1 }),
    );
    expect(drawFaultPlan(42, 120_000, { gateways: 1, enclaves: 1 })).not.toEqual(
      drawFaultPlan(43, 120_000, { gateways: 1, enclaves: 1 }),
    );
  });

  it('kills every process repeatedly during the run', () => {
    const { kills, episodes } = drawFaultPlan(42, 120_000, { gateways: 2, enclaves: 3 });
    for (const process of PROCESSES) expect(kills.filter((kill) => kill.process === process).length).toBeGreaterThan(3);
    expect(new Set(kills.filter(({ process }) => process === 'gateway').map(({ which }) => which))).toEqual(
      new Set([0, 1]),
    );
    expect(new Set(kills.filter(({ process }) => process === 'enclave').map(({ which }) => which))).toEqual(
      new Set([0, 1, 2]),
    );
    for (const { atMs } of [...kills, ...episodes]) expect(atMs).toBeLessThan(120_000);
  });

  it('lengthens the lives of processes and the times without faults by the factor calm', () => {
    const usual = drawFaultPlan(42, 1_200_000, { gateways: 2, enclaves: 2 });
    const calm = drawFaultPlan(42, 1_200_000, { gateways: 2, enclaves: 2, calm: 10 });
    expect(calm.kills.length).toBeGreaterThan(20);
    expect(calm.kills.length).toBeLessThan(usual.kills.length / 5);
    expect(calm.episodes.length).toBeLessThan(usual.episodes.length / 3);
  });

  it('never lets Congress answer 429 or 503 to a message that it stored', () => {
    for (let seed = 0; seed < 200; seed++) {
      const faults = drawFaultPlan(seed, 60_000, { gateways: 1, enclaves: 1 }).episodes.flatMap(
        ({ plan }) => plan.random?.faults ?? [],
      );
      expect(
        faults.filter(
          (fault) => fault.kind === 'status' && (fault.status === 429 || fault.status === 503) && fault.stored,
        ),
      ).toEqual([]);
    }
  });
});
