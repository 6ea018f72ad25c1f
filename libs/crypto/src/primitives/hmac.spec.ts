import { createHmac, randomBytes } from 'node:crypto';
import { noblePrimitives } from './noble';
import { nodePrimitives } from './node';

it('HMAC-SHA256 equals Node’s own for any key of up to one block and any message', () => {
  for (let length = 0; length < 200; length++) {
    const [key, message] = [randomBytes(length % 65), randomBytes(length * 3)];
    const expected = createHmac('sha256', key).update(message).digest('hex');
    expect(Buffer.from(nodePrimitives.hmacSha256(key, message)).toString('hex')).toBe(expected);
    expect(Buffer.from(noblePrimitives.hmacSha256(key, message)).toString('hex')).toBe(expected);
  }
  expect(() => nodePrimitives.hmacSha256(randomBytes(65), randomBytes(1))).toThrow(RangeError);
});
