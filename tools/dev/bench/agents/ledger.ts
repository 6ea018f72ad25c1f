import { randomBytes, randomUUID } from 'node:crypto';
import type { System } from '@communique-tee/test-system';
import { Pool } from 'pg';
import type { Row } from '../measure';

const CONNECTIONS = 16;
const DURATION_MS = 3000;
const DAY_MS = 24 * 3600 * 1000;
const HOUR_MS = 3600 * 1000;

/**
 * Measures reserve, dispatch and settle as the gateway does them, in three commits with fsync. Each connection spends for a different
 * caller.
 */
export async function ledgerRow({ databaseUrl }: System): Promise<Row> {
  const pool = new Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  try {
    const startedMs = performance.now();
    let settled = 0;
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const owner = randomBytes(32).toString('base64url');
        while (performance.now() - startedMs < DURATION_MS) {
          await settleOne(pool, owner);
          settled += 1;
        }
      }),
    );
    return {
      what: `reservations settled, ${String(CONNECTIONS)} connections`,
      value: (settled * 1000) / (performance.now() - startedMs),
      unit: 'op/s',
      note: 'three transactions each, with fsync; all update the same rows of the hour and of the day',
    };
  } finally {
    await pool.end();
  }
}

async function settleOne(pool: Pool, owner: string): Promise<void> {
  const id = randomUUID();
  const now = new Date();
  const begins = (lengthMs: number) => new Date(now.getTime() - (now.getTime() % lengthMs));
  const cap = 1_000_000_000_000n;
  const { rows } = await pool.query<{ outcome: string }>(
    'SELECT reserve_agent_call($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18) AS outcome',
    [
      ...[id, 1, owner, randomBytes(32), randomBytes(16), 'i-bench-enc1', 'fast', 'openai', 'gpt-6-luna', 1000n],
      ...['2026-11-30.1', now, begins(HOUR_MS), begins(DAY_MS), new Date(now.getTime() + 90_000), cap, cap, cap],
    ],
  );
  if (rows[0]?.outcome !== 'accepted') throw new Error(`a reservation ended as ${String(rows[0]?.outcome)}`);
  await pool.query('SELECT dispatch_agent_call($1, $2, $3)', [id, 1, now]);
  await pool.query('SELECT end_agent_call($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)', [
    ...[id, 1, 'settled', 400n, now, 'complete', 'a.b.c', [1, 0, 0, 0, 5, 0], null, null],
  ]);
}
