import { attack } from '@communique-tee/lab';

/** Each attempt shows the parent which destinations the enclave tries again, so the enclave must make only the scheduled attempts. */
export default attack({
  title:
    'opens no connection before the next attempt is due, even if the parent cuts every connection and relays repeatedly',
  async run(parent) {
    parent.egress.rule = () => 'refuse';
    const message = await parent.seal({ offices: ['HCA12', 'SCA01', 'SCA03'] });
    const told = await parent.read(await parent.relay(message), message);
    const connections = parent.egress.connections.length;
    parent.expect('the enclave tried each office', connections, 3);

    for (let times = 0; times < 20; times++) {
      const { answer, receipt } = await parent.read(await parent.relay(message), message);
      parent.expect('the sealed answer has the same size', answer.answer.length, told.answer.answer.length);
      parent.expect('the answer is pending', answer.state, 'pending');
      parent.expect(
        'each office has the same outcome as before',
        receipt.claims.offices.map(({ outcome }) => outcome),
        told.receipt.claims.offices.map(({ outcome }) => outcome),
      );
    }
    parent.expect('there was no further connection', parent.egress.connections.length, connections);
    parent.expect('Congress got nothing', parent.congress.received(), []);
  },
});
