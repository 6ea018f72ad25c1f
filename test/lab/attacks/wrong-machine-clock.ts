import { attack } from '@communique-tee/lab';

const DAY_MS = 24 * 3600_000;

export default attack({
  title:
    'sends nothing to a server whose certificate has expired by the attested clock, whatever the machine’s clock shows',
  processOnly: true,
  async run(parent) {
    // The simulator's certificate is valid for 90 days. Only the attested clock moves, as if the parent had set the machine's clock back.
    parent.time.offsetMs = 91 * DAY_MS;
    await parent.restart();
    const message = await parent.seal({ offices: ['HCA12'] });
    const { opened } = await parent.read(await parent.relay(message), message);
    const told = opened.offices.map(({ outcome, reason }) => [outcome, reason]);
    parent.expect('the sender learns why nothing was sent', told, [['pending', 'certificate_refused']]);
    parent.expect('Congress got nothing', parent.congress.received(), []);
  },
});
