import { attack } from '@communique-tee/lab';

export default attack({
  title: 'believes no recorded answer of Congress that the parent plays back',
  async run(parent) {
    const first = await parent.seal({ offices: ['HCA12'] });
    await parent.relay(first);
    const recorded = parent.egress.to('house')[0]?.received ?? Buffer.alloc(0);
    parent.expect('the parent has recorded an answer', recorded.length > 500);

    parent.egress.rule = () => ({ answer: recorded });
    const second = await parent.seal({ offices: ['HCA12'] });
    const { receipt } = await parent.read(await parent.relay(second), second);
    parent.expect(
      'the office is not reported as reached',
      receipt.claims.offices.map(({ outcome }) => outcome),
      ['pending'],
    );
    parent.expect('Congress has only the first message', parent.congress.received().length, 1);
  },
});
