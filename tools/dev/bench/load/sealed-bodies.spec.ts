import { decodeSealedMessage, messageIdToText } from '@communique-tee/protocol';
import { sealedBodies } from './sealed-bodies';

describe('sealed bodies', () => {
  it.each([2, 64])('are sealed messages of %i KiB, each with an ID of its own', (kib) => {
    const bodies = sealedBodies(kib);
    const [one, other] = [bodies.next(), bodies.next()];
    expect(decodeSealedMessage(one).ciphertext).toHaveLength(kib * 1024 + 16);
    expect(bodies.idOf(one)).toBe(messageIdToText(decodeSealedMessage(one).messageId));
    expect(bodies.idOf(one)).not.toBe(bodies.idOf(other));
  });
});
