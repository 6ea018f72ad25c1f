import { attack, cannotProve, Resident, withResidence } from '@communique-tee/lab';
import { find, plantedMessage } from '@communique-tee/test-system';
import { randomBytes } from 'node:crypto';

export default attack({
  title: 'shows the parent no district, campaign, secret, delivery or blinding of a proven message, in any encoding',
  enclave: { configure: withResidence },
  cannotRun: cannotProve,
  async run(parent) {
    using resident = new Resident();
    const identity = await parent.identity();
    const { message: content, canaries } = plantedMessage();
    const campaign = `planted-${randomBytes(8).toString('hex')}`;
    const other = `planted-${randomBytes(8).toString('hex')}`;
    const honest = await resident.seal(identity, content, campaign);
    const messages = [
      honest,
      await resident.seal(identity, content, campaign, { noteOf: other }),
      await resident.seal(identity, content, campaign, { opening: { district: '119-MT-01' } }),
      await resident.seal(identity, content, campaign, { content: { offices: ['HCA13'] } }),
    ];
    const statuses: number[] = [];
    for (const { envelope } of messages) statuses.push((await parent.relay(envelope)).status);
    for (const at of [2, 40, 80, 500, 4000, honest.envelope.length - 1])
      statuses.push((await parent.relay(honest.envelope.map((byte, of) => (of === at ? byte ^ 1 : byte)))).status);

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
      // The envelope with the proof, which the parent carries
      ...messages.map(({ envelope }) => ({ where: 'envelope', bytes: Buffer.from(envelope) })),
    ];
    const secrets = messages.flatMap(({ secrets: of }, at) =>
      Object.entries(of).map(([name, bytes]) => [`${name} ${String(at)}`, bytes] as const),
    );
    const texts = { ...canaries, ...resident.texts, campaign, other };
    parent.expect('the enclave takes the honest message', statuses[0], 200);
    parent.expect(
      'Congress got the honest message once, and no other message',
      parent.congress.received().length,
      content.offices.length,
    );
    parent.expect(
      'none of it contains a secret or a text',
      find({ ...texts, ...Object.fromEntries(secrets) }, everything),
      [],
    );
    const arrived = Buffer.from(JSON.stringify(parent.congress.received()));
    parent.expect(
      'the search finds what Congress got',
      find({ campaign }, [{ where: 'Congress', bytes: arrived }]).length > 0,
    );
  },
});
