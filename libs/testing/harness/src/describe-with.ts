/** Whether this machine has something that tests need. */
export type Availability = { readonly available: true } | { readonly available: false; readonly reason: string };

/**
 * A jest block that needs something that the machine may lack. If it is missing, the block is skipped and the reason is printed. With CI
 * set the block fails instead, because a skip there would count as a passed test.
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
