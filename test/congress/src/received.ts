import type { Chamber } from './chambers';

export interface ReceivedMessage {
  chamber: Chamber;
  office: string;
  deliveryId: string;
  /** The document, byte for byte, as UTF-8 text. */
  xml: string;
  /** ISO time. */
  at: string;
}

const MAX_RECEIVED = 100_000;

/** What both chambers took, in the order of arrival. */
export class ReceivedMessages {
  private readonly messages: ReceivedMessage[] = [];
  private readonly known = new Set<string>();

  has(chamber: Chamber, deliveryId: string): boolean {
    return this.known.has(`${chamber} ${deliveryId}`);
  }

  /** @throws Error when there is no room: a simulator that forgot would judge duplicates wrongly. */
  add(message: ReceivedMessage): void {
    if (this.messages.length >= MAX_RECEIVED) throw new Error(`the simulator holds ${MAX_RECEIVED} messages; clear it`);
    this.known.add(`${message.chamber} ${message.deliveryId}`);
    this.messages.push(message);
  }

  all(): ReceivedMessage[] {
    return this.messages.map((message) => ({ ...message }));
  }

  clear(): void {
    this.messages.length = 0;
    this.known.clear();
  }
}
