import { findJudge, type Installed } from './installed';
import type { Judge } from './judges';

/**
 * Runs a jest block that needs an outside judge: another project's tool that checks this system. If the judge is absent, it skips the block
 * and prints a line that begins with NOT RUN, in CI too.
 */
export function describeWithJudge<J extends Judge>(
  judge: J,
  name: string,
  body: (installed: Installed<J>) => void,
): void {
  const found = findJudge(judge);
  if ('absent' in found) {
    process.stderr.write(`\nNOT RUN: "${name}": ${found.absent}\n`);
    describe.skip(name, () => {
      it(`needs ${judge.name}`, () => undefined);
    });
    return;
  }
  describe(name, () => {
    body(found);
  });
}
