import { deliveryId } from './delivery-id';

const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
const messageId = Uint8Array.from({ length: 16 }, (_, index) => 255 - index);

describe('deliveryId', () => {
  it('is 32 letters and digits, the same every time', () => {
    expect(deliveryId(secret, messageId, 'HCA12')).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(deliveryId(secret, messageId, 'HCA12')).toBe(deliveryId(secret.slice(), messageId.slice(), 'HCA12'));
  });

  it('stays what it is between releases: a change here delivers messages twice', () => {
    expect(deliveryId(secret, messageId, 'HCA12')).toBe('D4hSK7D5ycBVEWql6r6fR5nQe5aPvzvU'); // computed apart, in Python
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

  it('favours no letter', () => {
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
    // chi-squared with 61 degrees of freedom: above 120 less than once in 100,000; `byte % 62` without rejection gives over 1,000
    const expected = (ids * 32) / 62;
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(120);
  });

  it('takes no other lengths and no other offices', () => {
    expect(() => deliveryId(secret.slice(1), messageId, 'HCA12')).toThrow(RangeError);
    expect(() => deliveryId(secret, messageId.slice(1), 'HCA12')).toThrow(RangeError);
    expect(() => deliveryId(secret, messageId, 'HCA1')).toThrow(RangeError);
  });
});
