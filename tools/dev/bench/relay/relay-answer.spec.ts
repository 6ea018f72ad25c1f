import { decodeRelayAnswer, decodeSealedAnswer } from '@communique-tee/protocol';
import { answerTemplate } from './relay-answer';

describe('the answer of an echoing enclave', () => {
  it.each([2171, 65_659])(
    'to %i bytes is a relay answer with room for the ciphertext at the reported position',
    (length) => {
      const { bytes, at, room } = answerTemplate(length);
      const filled = Uint8Array.from(bytes).fill(7, at, at + room);
      const { ciphertext } = decodeSealedAnswer(decodeRelayAnswer(filled).answer);
      expect(ciphertext).toEqual(new Uint8Array(room).fill(7));
      expect(room).toBeGreaterThan(Math.min(length, 65_000) - 1);
    },
  );
});
