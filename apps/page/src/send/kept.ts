// "Remember on this device": if the person wants it, this browser's storage keeps the data needed to follow a message and to open its
// answer. These data are secret, so the page removes them when they are no longer needed.
import type { KeptMessage } from '@communique-tee/client';
import { decodeJson, keptMessageSchema } from '@communique-tee/protocol';
import { signal, type ReadonlySignal } from '@preact/signals';
import * as z from 'zod';

export interface KeptEntry {
  readonly keptAtMs: number;
  readonly kept: KeptMessage;
}

/** Messages that a device remembers at the same time. */
export const MAX_KEPT = 5;
/** A message waits 7 days at most, and by default the gateway deletes it 30 days after its end. */
const MAX_AGE_MS = 37 * 24 * 3600 * 1000;
/** The longest stored text with all entries, in UTF-16 units. A KeptMessage has less than 1,000 bytes. */
const MAX_LENGTH = MAX_KEPT * 1200;

const schema = z.strictObject({
  v: z.literal(1),
  messages: z
    .array(
      z.strictObject({
        keptAtMs: z.int().min(0),
        kept: keptMessageSchema,
      }),
    )
    .max(MAX_KEPT),
});

export interface MessageStorage {
  /** The latest first. */
  readonly entries: ReadonlySignal<readonly KeptEntry[]>;
  /** Stores an entry, in place of an earlier one for the same message. @returns `full` if MAX_KEPT other messages are stored */
  keep(entry: KeptEntry): 'yes' | 'refused' | 'full';
  forget(id: string): void;
}

export interface MessageStorageOptions {
  readonly key: string;
  /** @throws if the browser has no storage for this page */
  readonly storage: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** The page's origin. Entries for another gateway are not shown. */
  readonly origin: string;
  readonly now: () => number;
}

export function createMessageStorage({ key, storage, origin, now }: MessageStorageOptions): MessageStorage {
  /** Returns the stored entries that are usable; none if `write` did not write the text. */
  const read = (): readonly KeptEntry[] => {
    try {
      const text = storage().getItem(key);
      if (text === null || text.length > MAX_LENGTH) return [];
      const parsed = schema.safeParse(decodeJson(new TextEncoder().encode(text)));
      if (!parsed.success) return [];
      const ids = new Set(parsed.data.messages.map(({ kept }) => kept.id));
      return ids.size === parsed.data.messages.length ? parsed.data.messages.filter(isUsable) : [];
    } catch {
      // No storage, or no JSON
      return [];
    }
  };
  const isUsable = ({ keptAtMs, kept }: KeptEntry): boolean =>
    kept.gateway === origin && keptAtMs > now() - MAX_AGE_MS && keptAtMs <= now() + 24 * 3600 * 1000;

  /** @throws if the browser refuses */
  const write = (messages: readonly KeptEntry[]): void => {
    if (messages.length === 0) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify({ v: 1, messages }));
    entries.value = messages;
  };

  const entries = signal(read());
  try {
    // Removes entries that can no longer be used, because they may contain keys.
    if (storage().getItem(key) !== null) write(entries.value);
  } catch {
    // The browser stores no data
  }

  return {
    entries,
    keep(entry) {
      // Another tab may have written
      const others = read().filter(({ kept }) => kept.id !== entry.kept.id);
      if (others.length >= MAX_KEPT) return 'full';
      try {
        write([entry, ...others]);
        return 'yes';
      } catch {
        return 'refused';
      }
    },
    forget(id) {
      try {
        write(read().filter(({ kept }) => kept.id !== id));
      } catch {
        entries.value = entries.value.filter(({ kept }) => kept.id !== id);
      }
    },
  };
}
