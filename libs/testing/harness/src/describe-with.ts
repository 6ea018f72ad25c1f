/** Whether this machine has what tests need. */
export type Availability = { readonly available: true } | { readonly available: false; readonly reason: string };

/**
 * Runs a jest block if the machine has what the block needs. Otherwise jest skips the block, and the reason is printed. If CI is set, the
 * block fails instead, because CI would count a skipped block as passed.
 */
export function describeWith(availability: Availability, name: string, body: () => void): void {
  if (availability.available) {
    describe(name, body);
    return;
  }
  const { reason } = availability;
  if ((process.env['CI'] ?? '') !== '') {
    describe(name, () => {
      it('has what it needs (CI is set)', () => {
        throw new Error(`these tests cannot run: ${reason}`);
      });
    });
    return;
  }
  process.stderr.write(`\nSKIPPED: "${name}" does not run: ${reason}\n`);
  describe.skip(name, body);
}
