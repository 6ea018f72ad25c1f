// Remembers the nullifiers of the campaigns in which this device sent a proven message, beside the secret and with the same consent. So the
// page can tell the person, before it makes a proof, that the gateway would refuse a second message.
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { DeviceStorage } from './device-storage';

/** The gateway keeps a nullifier for 98 days: 90 for the longest campaign, 7 for the longest life of a message, 1 for clocks. */
const KEPT_MS = 98 * 24 * 3600 * 1000;
const MAX_ENTRIES = 100;

interface Entry {
  /** 64 hex digits. */
  readonly nullifier: string;
  readonly atMs: number;
}

export interface SentBefore {
  readonly nullifiers: ReadonlySignal<ReadonlySet<string>>;
  /** Reads what the device keeps. No method here rejects: without storage the page knows no nullifiers, and the gateway decides. */
  look(): Promise<void>;
  /** Remembers that a message was accepted. @param nullifier 64 hex digits */
  add(nullifier: string): Promise<void>;
  /** Forgets a nullifier when it is certain that no office has the message, because the gateway then frees it. */
  remove(nullifier: string): Promise<void>;
  clear(): Promise<void>;
}

export function createSentBefore(storage: DeviceStorage, now: () => number): SentBefore {
  const entries = signal<readonly Entry[]>([]);

  const stored = async (): Promise<readonly Entry[]> => {
    const value: unknown = await storage.read();
    return Array.isArray(value) ? value.filter(isEntry).filter(({ atMs }) => Math.abs(now() - atMs) < KEPT_MS) : [];
  };
  /** Reads first, so that another tab's changes are kept. */
  const changeNow = async (to: (before: readonly Entry[]) => readonly Entry[]): Promise<void> => {
    try {
      const next = to(await stored()).slice(0, MAX_ENTRIES);
      if (next.length === 0) await storage.remove();
      else await storage.replace(next);
      entries.value = next;
    } catch {
      // The browser stores no data
    }
  };
  /** Runs the changes one after the other, because each reads and then writes. */
  let last = Promise.resolve();
  const change = (to: Parameters<typeof changeNow>[0]): Promise<void> => (last = last.then(() => changeNow(to)));
  const without = (nullifier: string) => (before: readonly Entry[]) =>
    before.filter((each) => each.nullifier !== nullifier);

  return {
    nullifiers: computed(() => new Set(entries.value.map(({ nullifier }) => nullifier))),
    async look() {
      entries.value = await stored().catch(() => []);
    },
    add: (nullifier) => change((before) => [{ nullifier, atMs: now() }, ...without(nullifier)(before)]),
    remove: (nullifier) => change(without(nullifier)),
    async clear() {
      entries.value = [];
      await change(() => []);
    },
  };
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { nullifier, atMs } = value as Partial<Record<keyof Entry, unknown>>;
  return typeof nullifier === 'string' && /^[0-9a-f]{64}$/.test(nullifier) && typeof atMs === 'number';
}
