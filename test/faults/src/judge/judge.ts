import type { SentMessage } from '../senders/sent-message';
import type { Copy } from './copies';
import { judgeCopies } from './judge-copies';
import { judgeLedger } from './judge-ledger';
import { judgeMessage } from './judge-message';
import { judgeNullifiers } from './judge-nullifiers';
import type { OpenedResult } from './open-results';
import type { DatabaseRecord } from './record';
import type { Violation } from './violation';

export interface Evidence {
  /** The messages that the senders sent, by id. */
  readonly sent: ReadonlyMap<string, SentMessage>;
  readonly database: DatabaseRecord;
  readonly results: ReadonlyMap<string, OpenedResult>;
  readonly copies: readonly Copy[];
  /** Whether the chambers recognize a repeated DeliveryId. */
  readonly deduplicates: boolean;
  /** Whether the keys outlive the enclaves. If so, no message may end as key_retired. */
  readonly keysSealed: boolean;
  /** Whether the messages that ended as key_retired have been sealed again since. */
  readonly resealed: boolean;
}

/** Returns every violation that the evidence shows. */
export function judge({ sent, database, results, copies, deduplicates, keysSealed, resealed }: Evidence): Violation[] {
  const rows = new Map(database.messages.map((row) => [row.id, row]));
  const byMark = Map.groupBy(copies, ({ mark }) => mark);
  const marks = new Set([...sent.values()].map(({ mark }) => mark));
  const found: Violation[] = [];
  for (const message of sent.values()) {
    const row = rows.get(message.id);
    const result = results.get(message.id);
    found.push(
      ...judgeMessage(message, row, result, resealed),
      ...judgeCopies(message, row, result, byMark.get(message.mark) ?? [], deduplicates),
    );
    if (keysSealed && (row?.status === 'key_retired' || row?.reason === 'key_retired'))
      found.push({ rule: 'key_lost', about: message.id, detail: row.status });
    if (row?.status === 'expired' && !message.shortLived)
      found.push({ rule: 'expired_early', about: message.id, detail: 'it had a day' });
  }
  for (const { id, status } of rows.values())
    if (!sent.has(id)) found.push({ rule: 'unasked_row', about: id, detail: status });
  for (const id of database.jobs)
    found.push({ rule: 'job_left', about: id, detail: rows.get(id)?.status ?? 'no message' });
  for (const { mark, office, deliveryId } of copies)
    if (mark === null || !marks.has(mark)) found.push({ rule: 'copy_of_nobody', about: deliveryId, detail: office });
  const arrived = new Set([...sent.values()].filter(({ mark }) => byMark.has(mark)).map(({ id }) => id));
  return [...found, ...judgeNullifiers(sent, database, results, arrived), ...judgeLedger(sent, database, results)];
}
