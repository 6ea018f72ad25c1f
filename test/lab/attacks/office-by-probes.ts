import { attack } from '@communique-tee/lab';
import { decodeRelayAnswer } from '@communique-tee/protocol';

export default attack({
  title:
    'shows the parent no difference between its probes to a message’s office and to other offices, if the parent drops every connection',
  async run(parent) {
    parent.egress.rule = () => 'refuse';
    const observe = async (sealed: Uint8Array) => {
      const before = parent.egress.connections.length;
      const { status, body } = await parent.relay(sealed);
      const { state, retryAfterSeconds, answer, receipt } = decodeRelayAnswer(body);
      const opened = parent.egress.connections.slice(before).map(({ to }) => to);
      // The length of the whole body may differ: CBOR writes a number of seconds below 24 in one byte less
      return { status, bytes: [answer.length, receipt.length], state, retryAfterSeconds, opened };
    };
    const victim = (await parent.seal({ offices: ['HCA12'] })).sealed;
    const first = await observe(victim);

    const probes = [];
    for (let round = 0; round < 5; round++)
      for (const office of ['HCA11', 'HCA12', 'HCA13'])
        probes.push(await observe((await parent.seal({ offices: [office] })).sealed));
    parent.expect(
      'every probe looks like the message itself',
      new Set([first, ...probes].map((seen) => JSON.stringify(seen))).size,
      1,
    );

    const again = [await observe(victim), await observe(victim)];
    parent.expect(
      'an early relay opens no connection',
      again.flatMap(({ opened }) => opened),
      [],
    );
    parent.expect(
      'the answer to an early relay has the same form',
      again.map(({ state, bytes }) => [state, bytes]),
      again.map(() => [first.state, first.bytes]),
    );
  },
});
