import { attack, operatorSecret, withSecrets } from '@communique-tee/lab';

export default attack({
  title:
    'accepts none of the operator’s secrets under the name of another one, and delivers nothing before it has each',
  enclave: { custody: 'kms', configure: withSecrets('house', 'senate') },
  async run(parent) {
    await parent.store.settle([parent]);
    const [house, senate] = [await operatorSecret(parent, 'house'), await operatorSecret(parent, 'senate')];
    const status = await parent.offer({
      records: parent.store.records,
      secrets: { 'cwc-house': senate, 'cwc-senate': house },
    });
    parent.holds('both are refused', status.refused_secrets.map(({ name }) => name).sort(), [
      'cwc-house',
      'cwc-senate',
    ]);
    const message = await parent.seal();
    parent.holds('a message is not taken', (await parent.relay(message)).code, 'keys_not_ready');
    parent.holds('no API key went anywhere', parent.congress.received(), []);

    await parent.offer({ records: parent.store.records, secrets: { 'cwc-house': house, 'cwc-senate': senate } });
    const { receipt } = await parent.read(await parent.relay(message), message);
    parent.holds(
      'with the true ones it is delivered',
      new Set(receipt.claims.offices.map(({ outcome }) => outcome)),
      new Set(['accepted']),
    );
  },
});
