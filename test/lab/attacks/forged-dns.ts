import { startCongressSimulator } from '@communique-tee/congress-simulator';
import { attack } from '@communique-tee/lab';

export default attack({
  title: 'sends nothing of a message to a server that the parent puts in the place of Congress',
  async run(parent) {
    const false_ = await startCongressSimulator();
    try {
      parent.egress.rule = ({ to }) => ({
        to: { host: '127.0.0.1', port: Number(new URL(false_[to === 'house' ? 'house' : 'senate'].origin).port) },
      });
      const message = await parent.seal();
      const { opened, receipt } = await parent.read(await parent.relay(message), message);
      const outcomes = new Set(receipt.claims.offices.map(({ outcome }) => outcome));
      parent.expect('no office is reported as reached', [...outcomes], ['pending']);
      parent.expect(
        'the sender learns the reason',
        new Set(opened.offices.map(({ reason }) => reason)),
        new Set(['certificate_refused']),
      );
      parent.expect('the false servers got no message', false_.received(), []);
    } finally {
      await false_.stop();
    }
  },
});
