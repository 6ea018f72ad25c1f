import { createDeliverySecret } from '@communique-tee/client';
import type { CongressMessage } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';
import type { Draw } from '@communique-tee/testing/harness';
import { REFUSING_OFFICE } from '@communique-tee/test-system';

const OFFICES = ['HCA12', 'HCA03', 'SCA01', 'SCA03', 'HCA27', 'HCA52'] as const;

/** The mark by which a copy at Congress is recognized. It is in the subject and the text. */
export const MARK = /fault-[0-9a-f]{16}/;

/** Makes up a unique message. Its texts are hard to escape, and the body has 1 to 100 lines of text. */
export function drawContent(draw: Draw): { mark: string; content: CongressMessage } {
  const mark = `fault-${randomBytes(8).toString('hex')}`;
  const offices: string[] = OFFICES.filter(() => draw.chance(0.4)).slice(0, 3);
  if (offices.length === 0 || draw.chance(0.05)) offices.push(REFUSING_OFFICE);
  const content: CongressMessage = {
    version: 1,
    deliverySecret: createDeliverySecret(),
    offices,
    constituent: {
      prefix: 'Dr.',
      firstName: `Ž&<é>" ${randomBytes(4).toString('hex')}`,
      lastName: `Person ${mark}`,
      address1: `${String(draw.whole(1, 9999))} Made-up Street`,
      city: 'Springfield',
      state: 'CA',
      zip: String(draw.whole(10_000, 99_999)),
      email: `${mark}@example.org`,
    },
    message: {
      subject: `Subject ${mark}`,
      body: `${mark}\n]]> &amp; ${'a line of text & more\n'.repeat(draw.whole(1, 100))}${randomBytes(16).toString('hex')}`,
      topics: ['Energy'],
    },
    campaignId: mark,
    proof: null,
  };
  return { mark, content };
}
