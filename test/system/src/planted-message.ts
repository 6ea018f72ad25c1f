import type { CongressMessage } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';

export interface PlantedMessage {
  readonly message: CongressMessage;
  /** The message's texts, by field. */
  readonly fields: Record<string, string>;
  /** The part of each text to search for, by field. Escaping does not change it. */
  readonly canaries: Record<string, string>;
}

/** Makes a message whose texts are unique and, where the field allows it, contain characters that need escaping. */
export function plantedMessage(): PlantedMessage {
  const mark = (name: string) => `${name} "Ž&<é>' ${randomBytes(6).toString('hex')}`;
  const constituent: CongressMessage['constituent'] = {
    prefix: mark('prefix'),
    firstName: mark('first'),
    middleName: mark('middle'),
    lastName: mark('last'),
    suffix: mark('suffix'),
    title: mark('title'),
    organization: mark('organization'),
    address1: mark('address one'),
    address2: mark('address two'),
    address3: mark('address three'),
    city: mark('city'),
    state: 'CA',
    zip: `9${String(1000 + Math.floor(Math.random() * 8999))}-${String(1000 + Math.floor(Math.random() * 8999))}`,
    email: `planted-${randomBytes(6).toString('hex')}@example.org`,
    phone: `202-555-0${String(100 + Math.floor(Math.random() * 99))}`,
  };
  const words = {
    subject: mark('subject'),
    organizationStatement: mark('statement of the organization'),
    body: `${mark('body')}\nand a second line ${randomBytes(8).toString('hex')}`,
    moreInfo: `https://example.org/${randomBytes(8).toString('hex')}`,
  };
  const organization = {
    name: mark('organization of the campaign'),
    about: mark('about the organization'),
    contact: { name: mark('contact'), email: `contact-${randomBytes(6).toString('hex')}@example.org` },
  };
  const message: CongressMessage = {
    version: 1,
    // 32 bytes of ASCII text, so that a search for the text finds them
    deliverySecret: new Uint8Array(Buffer.from(randomBytes(16).toString('hex'))),
    offices: ['HCA12', 'SCA01', 'SCA03'],
    constituent,
    message: { ...words, topics: ['Energy'] },
    campaignId: mark('campaign'),
    organization,
    proof: null,
  };
  const { state: _state, ...texts } = constituent;
  const fields: Record<string, string> = {
    ...(texts as Record<string, string>),
    ...words,
    organizationName: organization.name,
    organizationAbout: organization.about,
    organizationContactName: organization.contact.name,
    organizationContactEmail: organization.contact.email,
    campaignId: message.campaignId,
    deliverySecret: Buffer.from(message.deliverySecret).toString('latin1'),
  };
  const canaries = Object.fromEntries(
    Object.entries(fields).map(([field, text]) => [field, /[0-9a-f]{12,}/.exec(text)?.[0] ?? text]),
  );
  return { message, fields, canaries };
}
