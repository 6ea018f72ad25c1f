import { keptPulumi, type PulumiCli } from '@communique-tee/testing/judges';

/**
 * A jest block that needs Pulumi's own CLI. If the CLI is not built, jest skips the block, also in CI, and a line that begins with NOT RUN
 * reports this. So a machine without Go or a registry can run all other tests.
 */
export function describeWithPulumi(name: string, body: (cli: PulumiCli) => void): void {
  const cli = keptPulumi();
  if ('absent' in cli) {
    process.stderr.write(`\nNOT RUN: "${name}": ${cli.absent}\n`);
    describe.skip(name, () => {
      it("needs Pulumi's CLI", () => undefined);
    });
    return;
  }
  describe(name, () => {
    body(cli);
  });
}
