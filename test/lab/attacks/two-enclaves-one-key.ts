import { attack } from '@communique-tee/lab';

export default attack({
  title:
    'delivers a message only once although the parent gives it to two enclaves with one key, if the chambers recognize a repeated message',
  enclave: { custody: 'kms' },
  async run(parent) {
    await parent.store.settle([parent]);
    const other = await parent.boot({ custody: 'kms' });
    await parent.store.settle([other]);
    const message = await parent.seal({ offices: ['HCA12', 'SCA01'] });
    const replies = await Promise.all([parent.relay(message), other.relay(message)]);
    const outcomes = await Promise.all(
      replies.map(async (reply) => (await parent.read(reply, message)).receipt.claims.offices),
    );
    const told = outcomes.flat().map(({ outcome }) => outcome);
    parent.expect('two copies were accepted, and two were recognized as duplicates', told.sort(), [
      'accepted',
      'accepted',
      'duplicate',
      'duplicate',
    ]);
    parent.expect('each office has one copy', parent.congress.received().length, 2);
  },
});
