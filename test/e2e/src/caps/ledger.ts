import { Pool } from 'pg';

/** Micro-dollars. */
export interface Caps {
  readonly user_day: bigint;
  readonly system_hour: bigint;
  readonly system_day: bigint;
}

export interface Window {
  readonly scope: keyof Caps;
  readonly subject: string;
  /** What the window's counter says. */
  readonly counted: bigint;
  /** The sum of the window's reservations, read in the same statement. */
  readonly ledger: bigint;
}

/** Reads the caps' counters and the ledger from the database, without a gateway. */
export class Ledger {
  private readonly pool: Pool;

  constructor(url: string) {
    this.pool = new Pool({ connectionString: url, options: '-c timezone=UTC', max: 2 });
  }

  /** Returns every window that has a counter or a reservation. If one of the two is missing, its sum is 0. */
  async windows(): Promise<Window[]> {
    const { rows } = await this.pool.query<{ scope: keyof Caps; subject: string; counted: string; ledger: string }>(`
      WITH ledger AS (
        SELECT s.scope, CASE s.scope WHEN 'user_day' THEN owner::text ELSE '' END AS subject,
               date_trunc(CASE s.scope WHEN 'system_hour' THEN 'hour' ELSE 'day' END, reserved_at) AS starts_at, sum(coalesce(settled_micro_usd, reserved_micro_usd)) AS amount
        FROM reservation CROSS JOIN (VALUES ('user_day'), ('system_hour'), ('system_day')) AS s (scope) GROUP BY 1, 2, 3)
      SELECT coalesce(l.scope, w.scope::text) AS scope, coalesce(l.subject, w.subject) AS subject,
             coalesce(w.reserved_micro_usd + w.spent_micro_usd, 0) AS counted, coalesce(l.amount, 0) AS ledger
      FROM ledger l FULL JOIN budget_window w ON w.scope::text = l.scope AND w.subject = l.subject AND w.starts_at = l.starts_at`);
    return rows.map(({ scope, subject, counted, ledger }) => ({
      scope,
      subject,
      counted: BigInt(counted),
      ledger: BigInt(ledger),
    }));
  }

  async messageIds(): Promise<Set<string>> {
    return new Set((await this.pool.query<{ id: string }>('SELECT id::text FROM message')).rows.map(({ id }) => id));
  }

  /** Settles every reservation, taking locks in the order of accept_messages. */
  async settleAll(): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ owner: string; amount: string; hour: Date; day: Date }>(`
        WITH settled AS (UPDATE reservation SET state = 'settled', settled_micro_usd = reserved_micro_usd, settled_at = now()
          WHERE state = 'reserved' RETURNING *)
        SELECT owner, sum(settled_micro_usd) AS amount, date_trunc('hour', reserved_at) AS hour, date_trunc('day', reserved_at) AS day
        FROM settled GROUP BY owner, hour, day ORDER BY owner`);
      for (const [scope, subjectOf, startOf] of [
        ['user_day', (row: (typeof rows)[number]) => row.owner, 'day'],
        ['system_hour', () => '', 'hour'],
        ['system_day', () => '', 'day'],
      ] as const)
        for (const row of rows)
          await client.query(
            `UPDATE budget_window SET reserved_micro_usd = reserved_micro_usd - $1, spent_micro_usd = spent_micro_usd + $1
             WHERE scope = $2::"BudgetScope" AND subject = $3 AND starts_at = $4`,
            [row.amount, scope, subjectOf(row), row[startOf]],
          );
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  /**
   * Returns the number of active emergency stops, of reservations, and of reservations made after the stop. It counts message rows instead:
   * in this test only the transaction that makes a reservation writes the message's row, so both have the same commit time.
   */
  async reservedAfterStop(): Promise<{ stops: number; after: number; reservations: number }> {
    const { rows } = await this.pool.query<{ stops: string; after: string; reservations: string }>(`
      SELECT (SELECT count(*) FROM emergency_stop WHERE cleared_at IS NULL) AS stops, count(*) AS reservations,
             count(*) FILTER (WHERE pg_xact_commit_timestamp(xmin) > (SELECT pg_xact_commit_timestamp(xmin) FROM emergency_stop WHERE cleared_at IS NULL)) AS after FROM message`);
    const [row] = rows;
    return { stops: Number(row?.stops), after: Number(row?.after), reservations: Number(row?.reservations) };
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
