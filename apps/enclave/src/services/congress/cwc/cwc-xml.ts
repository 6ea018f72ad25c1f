import { congressMessageSchema, type CongressMessage } from '@communique-tee/protocol';
import { deliveryAgentSchema, type DeliveryAgent } from './congress-config';

export interface CwcInput {
  office: string;
  message: CongressMessage;
  deliveryAgent: DeliveryAgent;
  /** The copy's id: 32 letters and digits. */
  deliveryId: string;
  /** The day of delivery, in UTC. */
  now: Date;
}

/** An input breaks the CWC schema. `part` names the input. The error never quotes content. */
export class CwcError extends Error {
  override readonly name = 'CwcError';
  readonly code = 'cwc_invalid';
  constructor(readonly part: 'office' | 'message' | 'deliveryAgent' | 'deliveryId' | 'now') {
    super(`the ${part} does not fit the CWC schema`);
  }
}

/**
 * Returns the CWC 2.0 document of one office's copy. The elements have the order of the House's schema; the Senate's differs only in
 * MemberOffice. Checks every input again, so that Congress's schema accepts every document (cwc-xml.spec.ts compares the schemas). A field
 * that the sender left out has no element.
 * @throws CwcError
 */
export function buildCwc(input: CwcInput): string {
  check(input);
  return renderUncheckedCwc(input);
}

/** Builds the document without checks, only for the test that compares both schemas. */
export function renderUncheckedCwc(input: CwcInput): string {
  const { message: whole, deliveryAgent: agent } = input;
  const { constituent, message, organization } = whole;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    element('CWC', [
      text('CWCVersion', '2.0'),
      element('Delivery', [
        text('DeliveryId', input.deliveryId),
        text('DeliveryDate', input.now.toISOString().slice(0, 10).replaceAll('-', '')),
        text('DeliveryAgent', agent.name),
        text('DeliveryAgentAckEmailAddress', agent.ackEmail),
        element('DeliveryAgentContact', [
          text('DeliveryAgentContactName', agent.contactName),
          text('DeliveryAgentContactEmail', agent.contactEmail),
          text('DeliveryAgentContactPhone', agent.contactPhone),
        ]),
        text('CampaignId', whole.campaignId),
        text('Organization', organization?.name),
        organization?.contact === undefined
          ? ''
          : element('OrganizationContact', [
              text('OrganizationContactName', organization.contact.name),
              text('OrganizationContactEmail', organization.contact.email),
              text('OrganizationContactPhone', organization.contact.phone),
            ]),
        text('OrganizationAbout', organization?.about),
      ]),
      element('Recipient', [
        text('MemberOffice', input.office),
        text('IsResponseRequested', yesOrNo(whole.responseRequested)),
        text('NewsletterOptIn', yesOrNo(whole.newsletterOptIn)),
      ]),
      element('Constituent', [
        text('Prefix', constituent.prefix),
        text('FirstName', constituent.firstName),
        text('MiddleName', constituent.middleName),
        text('LastName', constituent.lastName),
        text('Suffix', constituent.suffix),
        text('Title', constituent.title),
        text('ConstituentOrganization', constituent.organization),
        text('Address1', constituent.address1),
        text('Address2', constituent.address2),
        text('Address3', constituent.address3),
        text('City', constituent.city),
        text('StateAbbreviation', constituent.state),
        text('Zip', constituent.zip),
        text('Phone', constituent.phone),
        text('Email', constituent.email),
      ]),
      element('Message', [
        text('Subject', message.subject),
        element(
          'LibraryOfCongressTopics',
          message.topics.map((topic) => text('LibraryOfCongressTopic', topic)),
        ),
        message.bills === undefined ? '' : element('Bills', message.bills.map(bill)),
        text('ProOrCon', message.stance === undefined ? undefined : STANCES[message.stance]),
        text('MoreInfo', message.moreInfo),
        text('OrganizationStatement', message.organizationStatement),
        text('ConstituentMessage', message.body),
      ]),
    ]) +
    '\n'
  );
}

const STANCES = { pro: 'Pro', con: 'Con' } as const;

function check({ office, message, deliveryAgent, deliveryId, now }: CwcInput): void {
  if (!congressMessageSchema.safeParse(message).success) throw new CwcError('message');
  if (!message.offices.includes(office)) throw new CwcError('office'); // congressMessageSchema has checked that the offices exist
  if (!deliveryAgentSchema.safeParse(deliveryAgent).success) throw new CwcError('deliveryAgent');
  if (!/^[0-9A-Za-z]{32}$/.test(deliveryId)) throw new CwcError('deliveryId');
  if (!(now.getTime() >= 0 && now.getUTCFullYear() <= 9999)) throw new CwcError('now');
}

function bill({ congress, type, number }: NonNullable<CongressMessage['message']['bills']>[number]): string {
  return element('Bill', [
    text('BillCongress', String(congress)),
    text('BillTypeAbbreviation', type),
    text('BillNumber', String(number)),
  ]);
}

function yesOrNo(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : value ? 'Y' : 'N';
}

function element(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? '' : `<${name}>${escape(value)}</${name}>`;
}

/** Escapes markup (XML 1.0, section 2.4), and carriage returns, which an XML parser would turn into line feeds (2.11). */
function escape(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}

/** A message with a page of text fits. */
const SMALLEST_BYTES = 4096;

/**
 * Returns the document in UTF-8, padded with line feeds to 4 KiB or the next power of two. XML allows white space after the root (XML 1.0,
 * section 2.8). The parent sees the lengths of TLS records; without padding, a length could identify a campaign's text.
 */
export function paddedDocument(xml: string): Uint8Array {
  const document = new TextEncoder().encode(xml);
  let length = SMALLEST_BYTES;
  while (length < document.length) length *= 2;
  const padded = new Uint8Array(length).fill(0x0a, document.length);
  padded.set(document);
  return padded;
}
