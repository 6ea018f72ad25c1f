import { attack } from '@communique-tee/lab';

export default attack({
  title: 'lets no sender take the answer to another message, or an older answer, for its own',
  async run(parent) {
    const [mine, other] = [await parent.seal({ offices: ['HCA12'] }), await parent.seal({ offices: ['HCA12'] })];
    parent.congress.setFaults({ queue: [{ fault: { kind: 'status', status: 400, body: 'no' }, times: 1 }] });
    const [refused, accepted] = [await parent.relay(mine), await parent.relay(other)];
    const taken = (promise: Promise<unknown>) =>
      promise.then(
        () => true,
        () => false,
      );
    parent.holds('the other one’s answer is refused', await taken(parent.read(accepted, mine)), false);
    const { receipt } = await parent.read(refused, mine);
    parent.holds(
      'its own tells the truth',
      receipt.claims.offices.map(({ outcome }) => outcome),
      ['refused'],
    );
    for (let at = 0; at < refused.body.length; at += 211) {
      const body = Buffer.from(refused.body);
      body[at]! ^= 1;
      parent.holds(
        `one changed bit at ${String(at)} is found`,
        await taken(parent.read({ ...refused, body }, mine)),
        false,
      );
    }
  },
});
