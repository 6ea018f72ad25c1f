import { DEFAULT_SUITE, TASK_ANSWER_BUCKET, TASK_BUCKETS } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';
import { CryptoError } from './errors';
import { IMPLEMENTATIONS, type Implementation } from './testing/implementations';

const refused = new CryptoError('ERR_CRYPTO_OPEN');
const tooLarge = new CryptoError('ERR_CRYPTO_TOO_LARGE');
const PAIRS = IMPLEMENTATIONS.flatMap((sender) =>
  IMPLEMENTATIONS.map((receiver) => ({ sender, receiver, name: `${sender.name} to ${receiver.name}` })),
);

describe.each(PAIRS)('a task sealed with $name', ({ sender, receiver }) => {
  it.each([
    [0, 4096],
    [4092, 4096],
    [4093, 8192],
    [8189, 16_384],
    [16_381, 32_768],
    [32_764, 32_768],
  ])('of %i bytes is padded to %i, and opens', (length, bucket) => {
    const { privateKey, input } = fixture(sender, length);
    const { message, answerKey } = sender.sealTask(input);
    const opened = receiver.openTask(privateKey, message);
    expect(Buffer.compare(opened.plaintext, input.plaintext)).toBe(0);
    expect(Buffer.compare(opened.answerKey, answerKey)).toBe(0);
    expect(message.ciphertext.length - 16).toBe(bucket);
    expect(TASK_BUCKETS).toContain(bucket);
  });

  it('cannot be opened as a message, nor a message as a task', () => {
    const { privateKey, input } = fixture(sender, 2000);
    // A size that both services accept
    const large = { ...input, plaintext: new Uint8Array(5000) };
    expect(() => receiver.open(privateKey, sender.sealTask(large).message)).toThrow(refused);
    expect(() => receiver.openTask(privateKey, sender.seal(large).message)).toThrow(refused);
  });

  it('can be answered so that only its sender opens the answer, and only for this task', () => {
    const first = fixture(sender, 50);
    const second = { ...first.input, messageId: new Uint8Array(randomBytes(16)) };
    const sealed = sender.sealTask(first.input);
    const other = sender.sealTask(second);
    const { answerKey } = receiver.openTask(first.privateKey, sealed.message);
    const answer = receiver.sealTaskAnswer(answerKey, sealed.message, Buffer.from('answered'));
    expect(Buffer.from(sender.openTaskAnswer(sealed.answerKey, sealed.message, answer)).toString()).toBe('answered');
    expect(() => sender.openTaskAnswer(other.answerKey, other.message, answer)).toThrow(refused);
    expect(() => sender.openTaskAnswer(sealed.answerKey, other.message, answer)).toThrow(refused);
  });
});

describe.each(IMPLEMENTATIONS)('the sealing of tasks with $name', (implementation) => {
  it('gives every answer the same length', () => {
    const { message, answerKey } = implementation.sealTask(fixture(implementation, 50).input);
    const lengths = [0, 1, 8189, 12_000, 16_380].map(
      (length) => implementation.sealTaskAnswer(answerKey, message, new Uint8Array(length)).ciphertext.length,
    );
    expect(new Set(lengths)).toEqual(new Set([TASK_ANSWER_BUCKET + 16]));
    expect(() => implementation.sealTaskAnswer(answerKey, message, new Uint8Array(16_381))).toThrow(tooLarge);
  });

  it('refuses an answer of another length', () => {
    const { message, answerKey } = implementation.sealTask(fixture(implementation, 50).input);
    for (const length of [100, 20_000])
      expect(() =>
        implementation.openTaskAnswer(
          answerKey,
          message,
          implementation.sealAnswer(answerKey, message, new Uint8Array(length)),
        ),
      ).toThrow(refused);
  });

  it('refuses to seal a task over 32,764 bytes', () => {
    expect(() => implementation.sealTask(fixture(implementation, 32_765).input)).toThrow(tooLarge);
  });
});

function fixture(implementation: Implementation, length: number) {
  const privateKey = new Uint8Array(randomBytes(32));
  const publicKey = implementation.publicKeyOf(privateKey);
  const input = {
    publicKey,
    suite: DEFAULT_SUITE,
    keyId: implementation.keyIdOf(publicKey),
    messageId: new Uint8Array(randomBytes(16)),
    expiresAtSeconds: 1_800_000_000,
    nullifier: null,
    plaintext: new Uint8Array(randomBytes(length)),
  };
  return { privateKey, input };
}
