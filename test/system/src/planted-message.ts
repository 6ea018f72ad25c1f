import { createDeliverySecret } from '@communique-tee/client';
import type { CongressMessage } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';

/** A message in which every text is long, unlike any other, and awkward to escape; its fields by name, for a search. */
export function plantedMessage(): { message: CongressMessage; fields: Record<string, string> } {
  const mark = (name: string) => `${name} "Ž&<é>' ${randomBytes(6).toString('hex')}`;
  const constituent: CongressMessage['constituent'] = {
    prefix: mark('prefix'),
    firstName: mark('first'),
    middleName: mark('middle'),
    lastName: mark('last'),
    suffix: mark('suffix'),
    organization: mark('organization'),
    address1: mark('address one'),
    address2: mark('address two'),
    city: mark('city'),
    state: 'CA',
    zip: `9${String(1000 + Math.floor(Math.random() * 8999))}-${String(1000 + Math.floor(Math.random() * 8999))}`,
    email: `planted-${randomBytes(6).toString('hex')}@example.org`,
    phone: `202-555-0${String(100 + Math.floor(Math.random() * 99))}`,
  };
  const message: CongressMessage = {
    version: 1,
    deliverySecret: createDeliverySecret(),
    offices: ['HCA12', 'SCA01', 'SCA03'],
    constituent,
    message: {
      subject: mark('subject'),
      body: `${mark('body')}\nand a second line ${randomBytes(8).toString('hex')}`,
      topics: ['Energy'],
      moreInfo: `https://example.org/${randomBytes(8).toString('hex')}`,
    },
    campaignId: mark('campaign'),
    proof: null,
  };
  const { state: _state, ...texts } = constituent;
  const fields: Record<string, string> = {
    ...(texts as Record<string, string>),
    subject: message.message.subject,
    body: message.message.body,
    moreInfo: message.message.moreInfo ?? '',
    campaignId: message.campaignId,
    deliverySecret: Buffer.from(message.deliverySecret).toString('latin1'),
  };
  // The part of a text that no escaping touches, so that an encoding nobody thought of is still seen
  for (const [field, text] of Object.entries(fields)) {
    const mark = /[0-9a-f]{12,}/.exec(text)?.[0];
    if (mark !== undefined) fields[`${field}, its mark`] = mark;
  }
  return { message, fields };
}
