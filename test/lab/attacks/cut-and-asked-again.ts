import { attack } from '@communique-tee/lab';

/** Each attempt would show the parent how the offices answer. It gets those of the schedule and no others. */
export default attack({
  title: 'opens no connection before an attempt is due when the parent cuts all of them and relays again and again',
  async run(parent) {
    parent.egress.rule = () => 'refuse';
    const message = await parent.seal({ offices: ['HCA12', 'SCA01', 'SCA03'] });
    const told = await parent.read(await parent.relay(message), message);
    const connections = parent.egress.connections.length;
    parent.holds('the enclave tried each office', connections, 3);

    for (let times = 0; times < 20; times++) {
      const { answer, receipt } = await parent.read(await parent.relay(message), message);
      parent.holds('the sealed answer has the same size', answer.answer.length, told.answer.answer.length);
      parent.holds('the answer is pending', answer.state, 'pending');
      parent.holds(
        'nothing is reported otherwise',
        receipt.claims.offices.map(({ outcome }) => outcome),
        told.receipt.claims.offices.map(({ outcome }) => outcome),
      );
    }
    parent.holds('there was no further connection', parent.egress.connections.length, connections);
    parent.holds('Congress got nothing', parent.congress.received(), []);
  },
});
