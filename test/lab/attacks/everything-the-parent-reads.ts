import { attack } from '@communique-tee/lab';
import { find, plantedMessage } from '@communique-tee/test-system';

export default attack({
  title: 'shows the parent no field of a message in any answer, log or connection, in any encoding',
  enclave: { legacySuite: true },
  async run(parent) {
    const { message: content, fields, canaries } = plantedMessage();
    for (const faults of [
      {},
      {
        queue: [
          { fault: { kind: 'garbage' as const } },
          { fault: { kind: 'cut' as const, at: 'in_the_answer' as const } },
        ],
      },
      { queue: [{ fault: { kind: 'status' as const, status: 400, body: JSON.stringify(fields) }, times: 3 }] },
    ]) {
      parent.congress.setFaults(faults);
      const message = await parent.seal(content);
      await parent.relay(message);
      await parent.relay(message.sealed.map((byte, at) => (at === message.sealed.length - 1 ? byte ^ 1 : byte)));
    }
    const everything = [
      { where: 'log and console', bytes: Buffer.from(parent.output()) },
      ...parent.exchanges.map(({ reply: { body, headers } }) => ({
        where: 'answer',
        bytes: Buffer.concat([Buffer.from(JSON.stringify(headers)), body]),
      })),
      ...parent.egress.connections.map(({ to, sent, received }) => ({
        where: to,
        bytes: Buffer.concat([sent, received]),
      })),
    ];
    parent.expect('the parent reads many answers and connections', everything.length > 12);
    parent.expect('none of it contains a field', find(canaries, everything), []);
    const arrived = Buffer.from(JSON.stringify(parent.congress.received()));
    parent.expect(
      'the search finds what Congress got',
      find(canaries, [{ where: 'Congress', bytes: arrived }]).length > 5,
    );
  },
});
