import { describeFuzz } from './fuzz-command';
import { MAX_GROWN_BYTES, runFuzz } from './run-fuzz';
import { TARGETS } from './targets';

/** A short run of `npm run lab -- fuzz` with one seed. How many cases fit into the time depends on the machine. */

const seed = 1;

it('an enclave survives half a minute of changed inputs, refuses them with codes, and delivers afterwards', async () => {
  const result = await runFuzz({ seed, seconds: 30 });
  if (result.findings.length > 0) throw new Error(describeFuzz(result, seed));
  expect(result.grownBytes).toBeLessThan(MAX_GROWN_BYTES);
  // Every kind of input but the rarest was tried. Some inputs must be accepted: an enclave that refuses everything would prove nothing
  const tried = new Set(Object.keys(result.cases));
  expect(TARGETS.filter(({ name, weight }) => weight > 2 && !tried.has(name))).toEqual([]);
  expect(Object.keys(result.answers)).toEqual(expect.arrayContaining(['200', '400 malformed_body']));
});
