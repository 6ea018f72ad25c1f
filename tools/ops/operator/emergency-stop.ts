import type { Client } from 'pg';

export interface CurrentStop {
  readonly id: string;
  readonly raisedAt: Date;
  readonly reason: string;
}

export async function currentStop(client: Client): Promise<CurrentStop | undefined> {
  const { rows } = await client.query<CurrentStop>(
    'SELECT id, raised_at AS "raisedAt", reason FROM emergency_stop WHERE cleared_at IS NULL',
  );
  return rows[0];
}

/** @returns the stop that was cleared, or undefined if there was none */
export async function clearStop(client: Client, by: string, why: string): Promise<CurrentStop | undefined> {
  const { rows } = await client.query<CurrentStop>(
    'UPDATE emergency_stop SET cleared_at = now(), cleared_by = $1, cleared_why = $2 WHERE cleared_at IS NULL RETURNING id, raised_at AS "raisedAt", reason',
    [by, why],
  );
  return rows[0];
}

export interface SystemWindow {
  readonly scope: 'system_hour' | 'system_day';
  readonly startsAt: Date;
  /** Decimal text of micro-dollars. */
  readonly reservedMicroUsd: string;
  readonly spentMicroUsd: string;
}

/** The system's current budget windows; a window in which nothing was reserved is missing. */
export async function systemWindows(client: Client): Promise<SystemWindow[]> {
  const { rows } = await client.query<SystemWindow>(
    `SELECT scope, starts_at AS "startsAt", reserved_micro_usd AS "reservedMicroUsd", spent_micro_usd AS "spentMicroUsd" FROM budget_window
     WHERE subject = '' AND ((scope = 'system_hour' AND starts_at = date_trunc('hour', now(), 'UTC')) OR (scope = 'system_day' AND starts_at = date_trunc('day', now(), 'UTC')))
     ORDER BY scope`,
  );
  return rows;
}
