import { officesOf, STATES } from '@communique-tee/protocol';
import { HOUSE_OFFICES, SENATE_OFFICES } from './offices';

describe("the simulator's list of offices", () => {
  it('has 441 seats of the House and 100 of the Senate', () => {
    expect([HOUSE_OFFICES.length, SENATE_OFFICES.length]).toEqual([441, 100]);
    expect(new Set([...HOUSE_OFFICES, ...SENATE_OFFICES]).size).toBe(541);
  });

  it('equals the product’s list, which was written separately', () => {
    expect([...HOUSE_OFFICES, ...SENATE_OFFICES].sort()).toEqual(STATES.flatMap(officesOf).sort());
  });
});
