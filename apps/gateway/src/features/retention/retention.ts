import { Inject, Injectable } from '@nestjs/common';
import { windowsOf } from '../budget/windows';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database, type Transaction } from '../../core/database/database';

/** How many rows one sweep has deleted. Idempotency keys are deleted with their messages, and are not counted. */
export interface SweepResult {
  readonly messages: number;
  readonly nullifiers: number;
  readonly windows: number;
  readonly reservations: number;
  readonly tasks: number;
  readonly keys: number;
}

export const BATCH_ROWS = 1000;
const DAY_MS = 86_400_000;
/** A key's row is kept so long after the key's end. It answers questions about old messages, such as who revoked their key. */
const KEYS_KEPT_DAYS = 30;
/** The number of the sweep's advisory lock in the database: "ctsweep" in ASCII. */
const LOCK = 0x63_74_73_77_65_65_70n;

/**
 * Deletes rows that have been kept long enough, in transactions of at most `BATCH_ROWS` rows. One gateway at a
 * time deletes: the one that has the advisory lock. The lock ends with each transaction, so a gateway that dies does not block the others.
 *
 * - Messages, with their idempotency keys: `messagesDays` after they ended, and at least a day after they expired. Until a message expires,
 *   its row prevents a second delivery of the same sealed bytes.
 * - Nullifiers: at their `keep_until`. A message that has not ended keeps its nullifier.
 * - Budget windows without an open reservation, settled reservations, and ended attempts of tasks (`tasks`): `ledgerDays` after the UTC day
 *   in which they count. Whole days are deleted, so that the remaining sums still agree. Emergency stops are kept.
 * - Sealed keys: `KEYS_KEPT_DAYS` after their end. Their key records are deleted earlier (keys/sealed-key-store.ts).
 */
@Injectable()
export class Retention {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'retention'>,
    private readonly database: Database,
  ) {}

  /**
   * @param stopping checked between batches
   * @returns null if another gateway is sweeping
   * @throws ProblemError `database_unavailable`; the batches so far are deleted, and the next sweep continues
   */
  async sweep(now = new Date(), stopping?: AbortSignal): Promise<SweepResult | null> {
    const { messagesDays, ledgerDays } = this.config.retention;
    const ended = new Date(now.getTime() - messagesDays * DAY_MS);
    const expired = new Date(now.getTime() - DAY_MS);
    const { day } = windowsOf(new Date(now.getTime() - ledgerDays * DAY_MS));
    const messages = await this.purge(
      stopping,
      (transaction) => transaction.$executeRaw`
      DELETE FROM message WHERE id IN (
        SELECT id FROM message WHERE ended_at < ${ended} AND expires_at < ${expired} ORDER BY ended_at LIMIT ${BATCH_ROWS}::int FOR UPDATE SKIP LOCKED)`,
    );
    if (messages === null) return null;
    const nullifiers = await this.purge(
      stopping,
      (transaction) => transaction.$executeRaw`
      DELETE FROM nullifier WHERE nullifier IN (
        SELECT nullifier FROM nullifier WHERE keep_until < ${now} AND message_id IS NULL ORDER BY keep_until LIMIT ${BATCH_ROWS}::int FOR UPDATE SKIP LOCKED)`,
    );
    if (nullifiers === null) return null;
    const windows = await this.purge(
      stopping,
      (transaction) => transaction.$executeRaw`
      DELETE FROM budget_window WHERE (scope, subject, starts_at) IN (
        SELECT scope, subject, starts_at FROM budget_window WHERE starts_at < ${day} AND reserved_micro_usd = 0
        ORDER BY starts_at LIMIT ${BATCH_ROWS}::int FOR UPDATE SKIP LOCKED)`,
    );
    if (windows === null) return null;
    const reservations = await this.purge(
      stopping,
      (transaction) => transaction.$executeRaw`
      DELETE FROM reservation WHERE id IN (
        SELECT id FROM reservation WHERE state = 'settled' AND reserved_at < ${day} ORDER BY reserved_at LIMIT ${BATCH_ROWS}::int FOR UPDATE SKIP LOCKED)`,
    );
    if (reservations === null) return null;
    const tasks = await this.purge(
      stopping,
      (transaction) => transaction.$executeRaw`
      DELETE FROM agent_reservation WHERE (request_id, attempt) IN (
        SELECT request_id, attempt FROM agent_reservation WHERE state <> 'reserved' AND reserved_at < ${day}
        ORDER BY reserved_at LIMIT ${BATCH_ROWS}::int FOR UPDATE SKIP LOCKED)`,
    );
    if (tasks === null) return null;
    const over = new Date(now.getTime() - KEYS_KEPT_DAYS * DAY_MS);
    const keys = await this.purge(
      stopping,
      (transaction) => transaction.$executeRaw`
      DELETE FROM sealed_key WHERE key_id IN (
        SELECT key_id FROM sealed_key WHERE destroy_after < ${over} ORDER BY destroy_after LIMIT ${BATCH_ROWS}::int FOR UPDATE SKIP LOCKED)`,
    );
    return keys === null ? null : { messages, nullifiers, windows, reservations, tasks, keys };
  }

  /** Deletes batch after batch until one is not full. @returns null if another gateway has the lock */
  private async purge(
    stopping: AbortSignal | undefined,
    deleteBatch: (transaction: Transaction) => Promise<number>,
  ): Promise<number | null> {
    for (let total = 0; ;) {
      const deleted = await this.database.transaction(async (transaction) => {
        const [{ held }] = await transaction.$queryRaw<
          [{ held: boolean }]
        >`SELECT pg_try_advisory_xact_lock(${LOCK}::bigint) AS held`;
        return held ? deleteBatch(transaction) : null;
      });
      if (deleted === null) return null;
      total += deleted;
      if (deleted < BATCH_ROWS || stopping?.aborted === true) return total;
    }
  }
}
