import { attack } from '@communique-tee/lab';
import { decodeSealedKey, encodeSealedKey } from '@communique-tee/protocol';

export default attack({
  title: 'refuses every key record in which the parent changed anything, and still takes the true record',
  enclave: { custody: 'kms' },
  async run(parent) {
    const { proposal } = await parent.offer();
    const record = decodeSealedKey(proposal ?? new Uint8Array());
    const bytes = encodeSealedKey(record);
    const flipped = Array.from({ length: 30 }, (_, at) => {
      const copy = Uint8Array.from(bytes);
      copy[Math.floor((at * bytes.length) / 30)]! ^= 1;
      return copy;
    });
    const edited = encodeSealedKey({
      ...record,
      core: { ...record.core, destroy_after: record.core.destroy_after + 86_400 },
    });
    const broken = await parent.offer({ records: [...flipped, edited] });
    parent.expect('the enclave holds none of them', [broken.held, broken.refused.length], [[], 31]);

    const status = await parent.offer({ records: [...flipped, bytes] });
    parent.expect('the enclave holds the true record among them', [status.state, status.held.length], ['ready', 1]);
  },
});
