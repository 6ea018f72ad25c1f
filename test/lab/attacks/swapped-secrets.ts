import { attack, operatorSecret, withSecrets } from '@communique-tee/lab';

export default attack({
  title:
    'accepts no secret of the operator under the name of another secret, and delivers nothing before it has every secret',
  enclave: { custody: 'kms', configure: withSecrets('house', 'senate') },
  async run(parent) {
    await parent.store.settle([parent]);
    const [house, senate] = [await operatorSecret(parent, 'house'), await operatorSecret(parent, 'senate')];
    const status = await parent.offer({
      records: parent.store.records,
      secrets: { 'cwc-house': senate, 'cwc-senate': house },
    });
    parent.expect('both secrets are refused', status.refused_secrets.map(({ name }) => name).sort(), [
      'cwc-house',
      'cwc-senate',
    ]);
    const message = await parent.seal();
    parent.expect('the enclave takes no message', (await parent.relay(message)).code, 'keys_not_ready');
    parent.expect('Congress got nothing', parent.congress.received(), []);

    await parent.offer({ records: parent.store.records, secrets: { 'cwc-house': house, 'cwc-senate': senate } });
    const { receipt } = await parent.read(await parent.relay(message), message);
    parent.expect(
      'with the true secrets the message is delivered',
      new Set(receipt.claims.offices.map(({ outcome }) => outcome)),
      new Set(['accepted']),
    );
  },
});
