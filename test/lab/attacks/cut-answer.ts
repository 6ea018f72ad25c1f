import { attack } from '@communique-tee/lab';

export default attack({
  title:
    'sends no second copy to an office that may have the first, when the parent cuts the answer and relays the message again',
  enclave: { deduplicates: false },
  async run(parent) {
    parent.congress.setFaults({ queue: [{ fault: { kind: 'slow', delayMs: 60_000, stored: true }, times: 1 }] });
    parent.egress.rule = () => 'pass';
    const message = await parent.seal({ offices: ['HCA12'] });
    const relayed = parent.relay(message);
    while (parent.congress.received().length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    parent.egress.cut();
    await relayed;
    const again = await parent.relay(message);
    const { receipt } = await parent.read(again, message);
    parent.expect(
      'the receipt reports the outcome as unknown',
      receipt.claims.offices.map(({ outcome }) => outcome),
      ['unknown'],
    );
    parent.expect('Congress has one copy', parent.congress.received().length, 1);
  },
});
