import { attack } from '@communique-tee/lab';
import { decodeSealedKey, encodeSealedKey } from '@communique-tee/protocol';

export default attack({
  title: 'makes the next key on schedule although the parent once offered a forged record with the highest epoch',
  enclave: { custody: 'kms' },
  processOnly: true,
  async run(parent) {
    await parent.store.settle([parent]);
    const [record] = parent.store.records.map(decodeSealedKey);
    if (record === undefined) throw new Error('no record was stored');
    const forged = encodeSealedKey({ ...record, core: { ...record.core, epoch: 0xffff_ffff } });
    parent.expect('the forged record is refused', (await parent.offer({ records: [forged] })).refused.length, 1);

    parent.time.offsetMs = 25 * 3600_000;
    await parent.attestation(new Uint8Array(32));
    await parent.store.settle([parent]);
    parent.expect(
      'a day later the enclave makes the next key',
      parent.store.cores.map(({ epoch }) => epoch),
      [1, 2],
    );
  },
});
