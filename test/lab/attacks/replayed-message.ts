import { attack } from '@communique-tee/lab';

export default attack({
  title: 'delivers a message once although the parent relays it again, both during and after the delivery',
  async run(parent) {
    const message = await parent.seal({ offices: ['HCA12', 'SCA01'] });
    const [first, second] = await Promise.all([parent.relay(message), parent.relay(message)]);
    const third = await parent.again(parent.exchanges[parent.exchanges.length - 1]!.ask);

    parent.expect(
      'every answer is the same',
      [second, third].every(({ body }) => body.equals(first.body)),
    );
    const { receipt } = await parent.read(third, message);
    const outcomes = receipt.claims.offices.map(({ outcome }) => outcome);
    parent.expect('the receipt reports both offices', outcomes, ['accepted', 'accepted']);
    parent.expect(
      'each office has one copy',
      parent.congress
        .received()
        .map(({ office }) => office)
        .sort(),
      ['HCA12', 'SCA01'],
    );
  },
});
