import { attack } from '@communique-tee/lab';
import { decodeRelayAnswer } from '@communique-tee/protocol';

export default attack({
  title: 'signs and remembers no outcome that rests on the parent’s word alone, or on a receipt that does not verify',
  enclave: { custody: 'kms', deduplicates: false },
  async run(parent) {
    await parent.store.settle([parent]);
    const [message, other] = [await parent.seal({ offices: ['HCA12'] }), await parent.seal({ offices: ['HCA12'] })];
    const { receipt: ofAnother } = decodeRelayAnswer((await parent.relay(other)).body);
    const outcomes = async (headers: Record<string, string>) => {
      const { receipt } = await parent.read(await parent.relay(message, headers), message);
      return receipt.claims.offices.map(({ outcome }) => outcome);
    };
    const lie = { 'communique-dispatched-before': '1' };
    parent.expect('the parent’s claim makes no outcome unknown', await outcomes(lie), ['pending']);
    parent.expect(
      'a forged receipt makes no outcome unknown',
      await outcomes({ ...lie, 'communique-interim-receipt': `${ofAnother}A` }),
      ['pending'],
    );
    parent.expect(
      'a receipt of another message makes no outcome unknown',
      await outcomes({ ...lie, 'communique-interim-receipt': ofAnother }),
      ['pending'],
    );
    parent.expect('without the lie the message arrives', await outcomes({}), ['accepted']);
    parent.expect('Congress has one copy of each message', parent.congress.received().length, 2);
  },
});
