import { attack } from '@communique-tee/lab';

export default attack({
  title: 'opens nothing that was sealed before the enclave ended, with keys of the process',
  async run(parent) {
    const delivered = await parent.seal({ offices: ['HCA12'] });
    const kept = await parent.seal({ offices: ['SCA01'] });
    await parent.relay(delivered);
    await parent.restart();
    for (const [name, message] of [
      ['delivered', delivered],
      ['kept back', kept],
    ] as const) {
      const { status, code } = await parent.relay(message);
      parent.holds(`the message that was ${name} is refused`, [status, code], [409, 'key_retired']);
    }
    parent.holds('only the first one arrived', parent.congress.received().length, 1);
  },
});
