import { prepareMessage, type EnclaveKey } from '@communique-tee/client';
import { generateKeyPair, keyIdOf } from '@communique-tee/crypto';
import { toHex, type MessageStatus, type Outcome, chamberOf } from '@communique-tee/protocol';
import { drawFrom } from '@communique-tee/testing/harness';
import { drawContent } from '../senders/content';
import type { SentMessage } from '../senders/sent-message';
import { readCopy, type Copy } from './copies';
import type { Evidence } from './judge';
import type { MessageRow, ReservationRow } from './record';

const PRICE = 10n;
const PROMISED = 80n;
const NOW = new Date('2026-11-22T10:30:00Z');

export interface Case {
  readonly status?: MessageStatus;
  readonly reason?: string | null;
  /** By office; null: no receipt. */
  readonly outcomes?: readonly Outcome[] | null;
  /** The number of copies that Congress has, by office. */
  readonly copies?: readonly number[];
  readonly deduplicates?: boolean;
  readonly keysSealed?: boolean;
  readonly resealed?: boolean;
}

/** Returns the evidence of one message to two offices. Without a case, the judge finds no violation in it. */
export function evidenceOf({
  status = 'delivered',
  reason = null,
  outcomes = ['accepted', 'accepted'],
  copies,
  deduplicates = true,
  keysSealed = false,
  resealed = false,
}: Case = {}) {
  const { content: drawn, mark } = drawContent(drawFrom(1, 'spec'));
  const content = { ...drawn, offices: ['HCA12', 'SCA01'] };
  const prepared = prepareMessage(content, enclaveKey());
  const message: SentMessage = {
    id: prepared.id,
    mark,
    user: 'sender-0',
    ballot: null,
    content,
    prepared: [prepared],
    accepted: 1,
    shortLived: true,
    posts: 1,
    givenUp: null,
  };
  const sealedSha256 = toHex(prepared.sealedSha256);
  const row: MessageRow = {
    id: message.id,
    owner: 'owner',
    status,
    reason,
    sealedSha256,
    expiresAt: NOW,
    endedAt: NOW,
    receipt: outcomes === null ? null : 'receipt',
    attestationDocument: null,
    sealedAnswer: null,
    acceptedSha256: [sealedSha256],
    ends: [status],
    relayed: true,
  };
  const sentCopies = (outcomes ?? []).filter(
    (outcome) => outcome === 'accepted' || outcome === 'duplicate' || outcome === 'unknown',
  ).length;
  const withheld =
    reason === 'may_have_been_sent' ? (outcomes ?? []).filter((outcome) => outcome === 'pending').length : 0;
  const settled =
    status === 'unknown' && withheld === 0 && !(outcomes ?? []).includes('unknown')
      ? PROMISED
      : PRICE * BigInt(sentCopies + withheld);
  const reservation: ReservationRow = {
    messageId: message.id,
    owner: 'owner',
    state: 'settled',
    reserved: PROMISED,
    settled,
    reservedAt: NOW,
  };
  const windows = (['user_day', 'system_hour', 'system_day'] as const).map((scope) => ({
    scope,
    subject: scope === 'user_day' ? 'owner' : '',
    startsAt: new Date(scope === 'system_hour' ? '2026-11-22T10:00:00Z' : '2026-11-22T00:00:00Z'),
    reserved: 0n,
    spent: settled,
  }));
  const counts =
    copies ?? content.offices.map((_, at) => (outcomes?.[at] === 'accepted' || outcomes?.[at] === 'duplicate' ? 1 : 0));
  const evidence: Evidence = {
    sent: new Map([[message.id, message]]),
    database: { messages: [row], jobs: [], reservations: [reservation], windows, emergencyStops: 0, nullifiers: [] },
    results: new Map(
      outcomes === null
        ? []
        : [
            [
              message.id,
              {
                ok: true,
                offices: content.offices.map((office, at) => ({
                  office,
                  outcome: outcomes[at] ?? 'accepted',
                  deliveryId: deliveryIdOf(office),
                })),
              },
            ],
          ],
    ),
    copies: content.offices.flatMap((office, at) =>
      Array.from({ length: counts[at] ?? 0 }, () => copyFor(message, office)),
    ),
    deduplicates,
    keysSealed,
    resealed,
  };
  return { evidence, message, row, reservation, windows };
}

export function deliveryIdOf(office: string): string {
  return office.padEnd(32, '0');
}

/** Returns the document that the enclave should have made. This code shares nothing with the enclave. */
export function copyFor(
  { content }: Pick<SentMessage, 'content'>,
  office: string,
  deliveryId = deliveryIdOf(office),
): Copy {
  const { constituent, message } = content;
  const element = (name: string, text: string) =>
    `<${name}>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</${name}>`;
  const xml = `<CWC><CWCVersion>2.0</CWCVersion><Delivery>${element('DeliveryId', deliveryId)}${element('CampaignId', content.campaignId)}</Delivery>
    <Recipient>${element('MemberOffice', office)}</Recipient>
    <Constituent>${element('Prefix', constituent.prefix)}${element('FirstName', constituent.firstName)}${element('LastName', constituent.lastName)}${element('Address1', constituent.address1)}${element('City', constituent.city)}${element('StateAbbreviation', constituent.state)}${element('Zip', constituent.zip)}${element('Email', constituent.email)}</Constituent>
    <Message>${element('Subject', message.subject)}<LibraryOfCongressTopics>${message.topics.map((topic) => element('LibraryOfCongressTopic', topic)).join('')}</LibraryOfCongressTopics>${element('ConstituentMessage', message.body ?? '')}</Message></CWC>`;
  return readCopy({ chamber: chamberOf(office), office, deliveryId, xml, at: '2026-11-28T12:00:00.000Z' });
}

function enclaveKey(): EnclaveKey {
  const { publicKey } = generateKeyPair();
  return { publicKey, keyId: keyIdOf(publicKey) } as EnclaveKey;
}
