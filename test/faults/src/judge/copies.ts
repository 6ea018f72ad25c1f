import { parseXml, type XmlElement } from '@communique-tee/congress-simulator';
import type { CongressMessage } from '@communique-tee/protocol';
import type { ReceivedXml } from '@communique-tee/test-system';
import { MARK } from '../senders/content';

/** One document that Congress accepted. */
export interface Copy {
  /** The mark of the message (`MARK` in content.ts); null if the copy has none. */
  readonly mark: string | null;
  readonly office: string;
  readonly deliveryId: string;
  /** When Congress accepted it, in Unix milliseconds. */
  readonly atMs: number;
  /** The text of each element without children, by path. A repeated element has several texts, in order. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

export function readCopy({ office, deliveryId, xml, at }: ReceivedXml): Copy {
  const values = new Map<string, string[]>();
  collect(parseXml(new TextEncoder().encode(xml)), '', values);
  const mark = MARK.exec(values.get('/CWC/Message/Subject')?.[0] ?? '')?.[0] ?? null;
  return { mark, office, deliveryId, atMs: Date.parse(at), values };
}

/** Returns the paths at which the copy differs from what the sender wrote to this office, without the values. */
export function differences(copy: Copy, content: CongressMessage): string[] {
  const { constituent, message } = content;
  const meant: Record<string, readonly string[]> = {
    '/CWC/Delivery/DeliveryId': [copy.deliveryId],
    '/CWC/Delivery/CampaignId': [content.campaignId],
    '/CWC/Recipient/MemberOffice': [copy.office],
    '/CWC/Constituent/Prefix': [constituent.prefix],
    '/CWC/Constituent/FirstName': [constituent.firstName],
    '/CWC/Constituent/LastName': [constituent.lastName],
    '/CWC/Constituent/Address1': [constituent.address1],
    '/CWC/Constituent/City': [constituent.city],
    '/CWC/Constituent/StateAbbreviation': [constituent.state],
    '/CWC/Constituent/Zip': [constituent.zip],
    '/CWC/Constituent/Email': [constituent.email],
    '/CWC/Message/Subject': [message.subject],
    '/CWC/Message/LibraryOfCongressTopics/LibraryOfCongressTopic': message.topics,
    '/CWC/Message/ConstituentMessage': [message.body ?? ''],
  };
  const wrong = Object.entries(meant).filter(
    ([path, texts]) => JSON.stringify(copy.values.get(path)) !== JSON.stringify(texts),
  );
  // The enclave may add only fields that describe the delivery. Each other added field is a difference.
  const added = [...copy.values.keys()].filter(
    (path) => !Object.hasOwn(meant, path) && !/^\/CWC\/(CWCVersion$|Delivery\/)/.test(path),
  );
  return [...wrong.map(([path]) => path), ...added];
}

function collect(element: XmlElement, above: string, values: Map<string, string[]>): void {
  const path = `${above}/${element.name}`;
  if (element.children.length === 0) values.set(path, [...(values.get(path) ?? []), element.text]);
  for (const child of element.children) collect(child, path, values);
}
