import type { Chamber } from './chambers';

export interface ReceivedMessage {
  chamber: Chamber;
  office: string;
  deliveryId: string;
  /** The document, byte for byte, as UTF-8 text; with `onlySubjects` only its Subject element. */
  xml: string;
  /** ISO time. */
  at: string;
}

/** Documents have 4 KiB and more. */
const MAX_DOCUMENTS = 100_000;
const MAX_SUBJECTS = 2_000_000;

/** The messages that both chambers accepted, in the order of arrival. */
export class ReceivedMessages {
  private readonly messages: ReceivedMessage[] = [];
  private readonly known = new Set<string>();

  /** @param onlySubjects for runs of many thousand messages: of each document only the Subject element is kept */
  constructor(private readonly onlySubjects = false) {}

  has(chamber: Chamber, deliveryId: string): boolean {
    return this.known.has(`${chamber} ${deliveryId}`);
  }

  /** @throws Error when it is full: dropping messages would make it judge duplicates wrongly. */
  add(message: ReceivedMessage): void {
    const most = this.onlySubjects ? MAX_SUBJECTS : MAX_DOCUMENTS;
    if (this.messages.length >= most) throw new Error(`the simulator holds ${most} messages; clear it`);
    this.known.add(`${message.chamber} ${message.deliveryId}`);
    this.messages.push(this.onlySubjects ? { ...message, xml: subjectOf(message.xml) } : message);
  }

  all(): ReceivedMessage[] {
    return this.messages.map((message) => ({ ...message }));
  }

  clear(): void {
    this.messages.length = 0;
    this.known.clear();
  }
}

/** A copy: a part of a string would keep the whole document in memory. */
function subjectOf(xml: string): string {
  const [subject = ''] = /<Subject>[^<]*<\/Subject>/.exec(xml) ?? [];
  return Buffer.from(subject).toString();
}
