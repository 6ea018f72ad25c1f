import type { Chamber } from './chambers';

export interface ReceivedMessage {
  chamber: Chamber;
  office: string;
  deliveryId: string;
  /** The document, unchanged, as UTF-8 text; with `onlySubjects` only its Subject element. */
  xml: string;
  /** The time of arrival, as ISO 8601. */
  at: string;
}

/** Limits of the memory that the messages take. */
const MAX_DOCUMENTS = 100_000;
const MAX_SUBJECTS = 2_000_000;

/** The messages that the chambers stored, in the order of arrival. */
export class ReceivedMessages {
  private readonly messages: ReceivedMessage[] = [];
  private readonly known = new Set<string>();

  /** @param onlySubjects keeps only the Subject element of each document, for runs of many thousand messages */
  constructor(private readonly onlySubjects = false) {}

  has(chamber: Chamber, deliveryId: string): boolean {
    return this.known.has(`${chamber} ${deliveryId}`);
  }

  /** @throws Error if the list is full, because the simulator would judge duplicates wrongly if it dropped messages */
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

/** Returns a copy of the Subject element, because a substring would keep the whole document in memory. */
function subjectOf(xml: string): string {
  const [subject = ''] = /<Subject>[^<]*<\/Subject>/.exec(xml) ?? [];
  return Buffer.from(subject).toString();
}
