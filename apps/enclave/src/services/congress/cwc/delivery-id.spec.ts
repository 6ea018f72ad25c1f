import { createHmac } from 'node:crypto';
import { deliveryId, provenDeliveryId } from './delivery-id';

const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
const messageId = Uint8Array.from({ length: 16 }, (_, index) => 255 - index);

describe('provenDeliveryId', () => {
  it('depends only on the secret and the office', () => {
    // The formula of docs/message.md, implemented separately
    const digest = createHmac('sha256', secret)
      .update('communique-tee proven delivery id v1\0HCA12')
      .update(Uint8Array.of(0))
      .digest();
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const start = [...digest].filter((byte) => byte < 248).map((byte) => alphabet.charAt(byte % 62));
    const id = provenDeliveryId(secret, 'HCA12');
    expect(id).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(id.startsWith(start.join('').slice(0, 32))).toBe(true);
  });

  it('differs with the secret and the office, and from the id of an unproven message', () => {
    const other = secret.with(3, 9);
    const ids = [
      provenDeliveryId(secret, 'HCA12'),
      provenDeliveryId(secret, 'SCA01'),
      provenDeliveryId(other, 'HCA12'),
      deliveryId(secret, messageId, 'HCA12'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(() => provenDeliveryId(secret.slice(1), 'HCA12')).toThrow(RangeError);
  });
});

describe('deliveryId', () => {
  it('is 32 letters and digits, the same every time', () => {
    expect(deliveryId(secret, messageId, 'HCA12')).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(deliveryId(secret, messageId, 'HCA12')).toBe(deliveryId(secret.slice(), messageId.slice(), 'HCA12'));
  });

  it('stays the same between releases, because a change would deliver messages twice', () => {
    expect(deliveryId(secret, messageId, 'HCA12')).toBe('D4hSK7D5ycBVEWql6r6fR5nQe5aPvzvU'); // computed with a separate program in Python
  });

  it('differs with the secret, the message and the office', () => {
    const other = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 3 ? byte ^ 1 : byte));
    const ids = [
      deliveryId(secret, messageId, 'HCA12'),
      deliveryId(other(secret), messageId, 'HCA12'),
      deliveryId(secret, other(messageId), 'HCA12'),
      deliveryId(secret, messageId, 'SCA01'),
      deliveryId(secret, messageId, 'SCA03'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('uses every letter and digit equally often', () => {
    const counts = new Map<string, number>();
    const ids = 4000;
    for (let index = 0; index < ids; index++) {
      const id = deliveryId(
        secret,
        Uint8Array.from({ length: 16 }, (_, at) => (at < 2 ? (index >> (8 * at)) & 255 : 0)),
        'HCA12',
      );
      for (const letter of id) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    // Chi-squared with 61 degrees of freedom exceeds 120 less than once in 100,000 runs; `byte % 62` without rejection gives over 1,000
    const expected = (ids * 32) / 62;
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(120);
  });

  it('throws for inputs of other lengths and for malformed offices', () => {
    expect(() => deliveryId(secret.slice(1), messageId, 'HCA12')).toThrow(RangeError);
    expect(() => deliveryId(secret, messageId.slice(1), 'HCA12')).toThrow(RangeError);
    expect(() => deliveryId(secret, messageId, 'HCA1')).toThrow(RangeError);
  });
});
