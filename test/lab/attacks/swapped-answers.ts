import { attack } from '@communique-tee/lab';

export default attack({
  title: 'lets no sender accept the answer to another message, or a changed answer, as its own',
  async run(parent) {
    const [mine, other] = [await parent.seal({ offices: ['HCA12'] }), await parent.seal({ offices: ['HCA12'] })];
    parent.congress.setFaults({ queue: [{ fault: { kind: 'status', status: 400, body: 'no' }, times: 1 }] });
    const [refused, accepted] = [await parent.relay(mine), await parent.relay(other)];
    const taken = (promise: Promise<unknown>) =>
      promise.then(
        () => true,
        () => false,
      );
    parent.expect('the sender refuses the other message’s answer', await taken(parent.read(accepted, mine)), false);
    const { receipt } = await parent.read(refused, mine);
    parent.expect(
      'the message’s own answer tells the truth',
      receipt.claims.offices.map(({ outcome }) => outcome),
      ['refused'],
    );
    for (let at = 0; at < refused.body.length; at += 211) {
      const body = Buffer.from(refused.body);
      body[at]! ^= 1;
      parent.expect(
        `the sender refuses an answer with a changed bit at byte ${String(at)}`,
        await taken(parent.read({ ...refused, body }, mine)),
        false,
      );
    }
  },
});
