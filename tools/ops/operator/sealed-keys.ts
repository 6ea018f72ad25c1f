import type { Client } from 'pg';

export interface SealedKeyRow {
  /** In hex. */
  readonly keyId: string;
  readonly custody: string;
  readonly pcr0: string;
  /** A decimal number as text. */
  readonly epoch: string;
  readonly state: 'live' | 'rotated' | 'destroyed' | 'revoked';
  readonly createdAt: Date;
  readonly rotateAfter: Date;
  readonly destroyAfter: Date;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
  readonly revokedWhy: string | null;
  /** The number of messages that are sealed to the key and have not ended. */
  readonly waiting: number;
}

const COLUMNS = `encode(key_id, 'hex') AS "keyId", custody, encode(pcr0, 'hex') AS pcr0, epoch::text AS epoch,
  CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN destroy_after <= now() THEN 'destroyed' WHEN rotate_after <= now() THEN 'rotated' ELSE 'live' END AS state,
  created_at AS "createdAt", rotate_after AS "rotateAfter", destroy_after AS "destroyAfter",
  revoked_at AS "revokedAt", revoked_by AS "revokedBy", revoked_why AS "revokedWhy",
  (SELECT count(*)::int FROM delivery_job WHERE delivery_job.key_id = sealed_key.key_id) AS waiting`;

export async function sealedKeys(client: Client): Promise<SealedKeyRow[]> {
  const { rows } = await client.query<SealedKeyRow>(
    `SELECT ${COLUMNS} FROM sealed_key ORDER BY created_at DESC, key_id`,
  );
  return rows;
}

/** @returns the key as it is now, and `before`: whether it was revoked already; undefined if there is no such key */
export async function revokeKey(
  client: Client,
  keyId: string,
  by: string,
  why: string,
): Promise<{ readonly key: SealedKeyRow; readonly before: boolean } | undefined> {
  const { rowCount } = await client.query(
    `UPDATE sealed_key SET record = NULL, revoked_at = now(), revoked_by = $2, revoked_why = $3 WHERE key_id = decode($1, 'hex') AND revoked_at IS NULL`,
    [keyId, by, why],
  );
  const { rows } = await client.query<SealedKeyRow>(
    `SELECT ${COLUMNS} FROM sealed_key WHERE key_id = decode($1, 'hex')`,
    [keyId],
  );
  const [key] = rows;
  return key === undefined ? undefined : { key, before: rowCount === 0 };
}
