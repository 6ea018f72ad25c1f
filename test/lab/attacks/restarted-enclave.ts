import { attack } from '@communique-tee/lab';

export default attack({
  title: 'after a restart, opens no message that was sealed to the earlier per-process key',
  async run(parent) {
    const delivered = await parent.seal({ offices: ['HCA12'] });
    const kept = await parent.seal({ offices: ['SCA01'] });
    await parent.relay(delivered);
    await parent.restart();
    for (const [name, message] of [
      ['delivered', delivered],
      ['undelivered', kept],
    ] as const) {
      const { status, code } = await parent.relay(message);
      parent.expect(`the ${name} message is refused`, [status, code], [409, 'key_retired']);
    }
    parent.expect('only the first message arrived', parent.congress.received().length, 1);
  },
});
