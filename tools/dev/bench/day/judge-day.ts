export interface PostedMessage {
  readonly id: string;
  /** A text in the subject by which Congress's copies of the message are found. */
  readonly mark: string;
  /** When the message should be sent, in Unix milliseconds. Latencies count from this time, so they include the wait for a free sender. */
  readonly dueAtMs: number;
  /** Whether a gateway answered 202. */
  readonly accepted: boolean;
}

export interface StoredMessage {
  readonly id: string;
  readonly status: string;
  /** Unix milliseconds; null while the message waits. */
  readonly endedAtMs: number | null;
}

export interface StoredCopy {
  readonly mark: string;
  readonly office: string;
}

export interface Verdict {
  /** Accepted messages that are not in the database, have not ended, or ended as delivered although an office has no copy. */
  readonly lost: number;
  /** Copies beyond the first one of a message at an office. */
  readonly doubled: number;
  /** Messages that were posted and got no 202. */
  readonly notAccepted: number;
  /** How many accepted messages ended with each status. */
  readonly ends: Readonly<Record<string, number>>;
  /** For each delivered message. `ms`: the time from when it was due until it was delivered. */
  readonly latencies: readonly { readonly dueAtMs: number; readonly ms: number }[];
}

/** @param offices the offices to which each message is written */
export function judgeDay(
  posted: readonly PostedMessage[],
  stored: readonly StoredMessage[],
  copies: readonly StoredCopy[],
  offices: readonly string[],
): Verdict {
  const rows = new Map(stored.map((row) => [row.id, row]));
  const counts = new Map<string, number>();
  for (const { mark, office } of copies) {
    const name = `${mark} ${office}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const ends: Record<string, number> = {};
  const latencies: { dueAtMs: number; ms: number }[] = [];
  let [lost, notAccepted] = [0, 0];
  for (const { id, mark, dueAtMs, accepted } of posted) {
    if (!accepted) {
      notAccepted++;
      continue;
    }
    const row = rows.get(id);
    if (row === undefined || row.endedAtMs === null) {
      lost++;
      continue;
    }
    ends[row.status] = (ends[row.status] ?? 0) + 1;
    if (row.status !== 'delivered') continue;
    if (offices.every((office) => counts.has(`${mark} ${office}`)))
      latencies.push({ dueAtMs, ms: row.endedAtMs - dueAtMs });
    else lost++;
  }
  const doubled = [...counts.values()].reduce((sum, count) => sum + count - 1, 0);
  return { lost, doubled, notAccepted, ends, latencies };
}
