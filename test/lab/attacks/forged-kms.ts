import { startSealedSurroundings } from '@communique-tee/enclave/testing/sealed-surroundings';
import { attack } from '@communique-tee/lab';

export default attack({
  title: 'takes no key from a KMS that the parent runs itself',
  enclave: { custody: 'kms' },
  async run(parent) {
    const own = await startSealedSurroundings();
    try {
      const port = Number(new URL(own.kms.origin).port);
      parent.egress.rule = ({ to }) => (to === 'kms' ? { to: { host: '127.0.0.1', port } } : 'pass');
      const status = await parent.offer();
      parent.expect('the enclave holds no key', [status.state, status.held, status.proposal], ['waiting', [], null]);
      parent.expect('the enclave reports that KMS failed', status.kms !== null);
      parent.expect('the false KMS got no request', own.kms.requests(), []);

      parent.egress.rule = () => 'pass';
      parent.expect('with the true KMS the enclave makes a key', (await parent.offer()).proposal !== null);
    } finally {
      await own.stop();
    }
  },
});
