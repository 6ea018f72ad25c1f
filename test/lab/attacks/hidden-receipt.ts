import { congressMessage } from '@communique-tee/enclave/testing/enclave-fixture';
import { attack } from '@communique-tee/lab';
import { decodeSealedMessage, messageIdToText } from '@communique-tee/protocol';

export default attack({
  title: 'delivers one send() once when the gateway hides the receipt, reports key_retired and shows a second enclave',
  enclave: { deduplicates: false },
  processOnly: true,
  async run(parent) {
    const other = await parent.boot({ deduplicates: false });
    let shown = parent;
    const gateway = await parent.gateway(async ({ method, target, body }) => {
      if (target.startsWith('/attestation')) return (await shown.ask('GET', target)).body;
      const now = new Date().toISOString();
      const view = {
        acceptedAt: now,
        expiresAt: now,
        attempts: 1,
        nextAttemptAt: null,
        receipt: null,
        sealedAnswer: null,
      };
      if (method === 'GET')
        return { ...view, id: target.split('/')[3], status: 'key_retired', reason: 'key_retired', endedAt: now };
      await shown.relay(body);
      shown = other;
      const id = messageIdToText(decodeSealedMessage(body).messageId);
      return { ...view, id, status: 'queued', reason: null, endedAt: null };
    });
    try {
      const { version: _v, deliverySecret: _s, proof: _p, ...content } = congressMessage({ offices: ['HCA12'] });
      const { status, resealed } = await (await gateway.client()).send(content).result;
      parent.expect('the library does not seal it again by itself', [status, resealed], ['key_retired', false]);
      parent.expect('Congress has one copy', parent.congress.received().length, 1);
    } finally {
      await gateway.close();
    }
  },
});
