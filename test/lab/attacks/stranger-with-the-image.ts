import { attack } from '@communique-tee/lab';

export default attack({
  title: 'seals nothing to the same image when another operator, or a parent without a role, runs it',
  processOnly: true,
  async run(parent) {
    const refusal = async (pcr3: Uint8Array) => {
      const stranger = await parent.boot({ pcrs: new Map([[3, pcr3]]) });
      return stranger.identity().then(
        () => 'accepted',
        (error: unknown) => (error as { code?: string }).code,
      );
    };
    parent.expect('the operator’s own enclave is accepted', (await parent.identity()).publicKey.length, 32);
    parent.expect(
      'a stranger’s enclave is refused',
      await refusal(new Uint8Array(48).fill(7)),
      'ERR_ATTESTATION_OPERATOR',
    );
    parent.expect(
      'an enclave of a parent without a role is refused',
      await refusal(new Uint8Array(48)),
      'ERR_ATTESTATION_OPERATOR_UNNAMED',
    );
  },
});
