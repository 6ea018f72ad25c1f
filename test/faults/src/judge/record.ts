import type { MessageStatus } from '@communique-tee/protocol';
import { Client } from 'pg';

export interface MessageRow {
  readonly id: string;
  /** Null if the message is proven. */
  readonly owner: string | null;
  readonly status: MessageStatus;
  readonly reason: string | null;
  /** In hex. */
  readonly sealedSha256: string;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly receipt: string | null;
  readonly attestationDocument: Uint8Array | null;
  readonly sealedAnswer: Uint8Array | null;
  /** The hashes, in hex, of the sealed bytes that were accepted under this id. */
  readonly acceptedSha256: readonly string[];
  /** All end states that the message had, in order. A trigger of `watchEnds` notes them. */
  readonly ends: readonly MessageStatus[];
  /** Whether its last deleted job may have sent a byte of the message to an enclave; null if no job was deleted. */
  readonly relayed: boolean | null;
}

export interface ReservationRow {
  readonly messageId: string;
  readonly owner: string;
  readonly state: string;
  readonly reserved: bigint;
  readonly settled: bigint | null;
  readonly reservedAt: Date;
}

export interface WindowRow {
  readonly scope: 'user_day' | 'system_hour' | 'system_day';
  readonly subject: string;
  readonly startsAt: Date;
  readonly reserved: bigint;
  readonly spent: bigint;
}

export interface DatabaseRecord {
  readonly messages: readonly MessageRow[];
  readonly jobs: readonly string[];
  readonly reservations: readonly ReservationRow[];
  readonly windows: readonly WindowRow[];
  readonly emergencyStops: number;
  /** The used nullifiers, in hex. */
  readonly nullifiers: readonly string[];
}

/** Adds triggers that note each end of a message and each deleted job in the gateway's own transaction, so that none is missed. */
export async function watchEnds(databaseUrl: string): Promise<void> {
  await connected(databaseUrl, (client) =>
    client.query(`
      CREATE TABLE fault_judge_end (n bigserial PRIMARY KEY, message_id uuid NOT NULL, status text NOT NULL);
      CREATE FUNCTION fault_judge_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO fault_judge_end (message_id, status) VALUES (NEW.id, NEW.status); RETURN NULL; END $$;
      CREATE TRIGGER fault_judge_watch AFTER INSERT OR UPDATE OF status ON message
        FOR EACH ROW WHEN (NEW.status NOT IN ('queued', 'delivering')) EXECUTE FUNCTION fault_judge_note();
      CREATE TABLE fault_judge_job (n bigserial PRIMARY KEY, message_id uuid NOT NULL, relayed boolean NOT NULL);
      CREATE FUNCTION fault_judge_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO fault_judge_job (message_id, relayed) VALUES (OLD.message_id, OLD.relayed); RETURN NULL; END $$;
      CREATE TRIGGER fault_judge_watch_jobs AFTER DELETE ON delivery_job FOR EACH ROW EXECUTE FUNCTION fault_judge_keep();`),
  );
}

export interface Progress {
  readonly ended: number;
  readonly waiting: number;
}

/** @throws Error if the database does not answer */
export async function readProgress(databaseUrl: string): Promise<Progress> {
  return connected(databaseUrl, async (client) => {
    const { rows } = await client.query<{ ended: number; waiting: number }>(
      `SELECT count(*) FILTER (WHERE status NOT IN ('queued', 'delivering'))::int AS ended,
              count(*) FILTER (WHERE status IN ('queued', 'delivering'))::int + (SELECT count(*) FROM delivery_job j JOIN message m ON m.id = j.message_id WHERE m.status NOT IN ('queued', 'delivering'))::int AS waiting FROM message`,
    );
    return rows[0] ?? { ended: 0, waiting: 0 };
  });
}

/** Reads everything in one database snapshot. */
export async function readRecord(databaseUrl: string): Promise<DatabaseRecord> {
  return connected(databaseUrl, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const rows = async <Row extends object>(text: string): Promise<Row[]> => (await client.query<Row>(text)).rows;
    const messages = await rows<MessageRow>(
      `SELECT id::text, owner, status::text, reason, encode(sealed_sha256, 'hex') AS "sealedSha256", expires_at AS "expiresAt", ended_at AS "endedAt", receipt,
              attestation_document AS "attestationDocument", sealed_answer AS "sealedAnswer",
              ARRAY(SELECT DISTINCT encode(k.sealed_sha256, 'hex') FROM idempotency_key k WHERE k.message_id = m.id) AS "acceptedSha256",
              ARRAY(SELECT e.status FROM fault_judge_end e WHERE e.message_id = m.id ORDER BY e.n) AS ends,
              (SELECT j.relayed FROM fault_judge_job j WHERE j.message_id = m.id ORDER BY j.n DESC LIMIT 1) AS relayed
       FROM message m`,
    );
    const jobs = await rows<{ id: string }>('SELECT message_id::text AS id FROM delivery_job');
    const reservations = await rows<
      Omit<ReservationRow, 'reserved' | 'settled'> & { reserved: string; settled: string | null }
    >(
      `SELECT message_id::text AS "messageId", owner, state::text, reserved_micro_usd::text AS reserved, settled_micro_usd::text AS settled, reserved_at AS "reservedAt" FROM reservation ORDER BY reserved_at`,
    );
    const windows = await rows<Omit<WindowRow, 'reserved' | 'spent'> & { reserved: string; spent: string }>(
      `SELECT scope::text, subject, starts_at AS "startsAt", reserved_micro_usd::text AS reserved, spent_micro_usd::text AS spent FROM budget_window`,
    );
    const nullifiers = await rows<{ nullifier: string }>(`SELECT encode(nullifier, 'hex') AS nullifier FROM nullifier`);
    const [stops] = await rows<{ count: number }>('SELECT count(*)::int FROM emergency_stop');
    return {
      messages,
      jobs: jobs.map(({ id }) => id),
      reservations: reservations.map((row) => ({
        ...row,
        reserved: BigInt(row.reserved),
        settled: row.settled === null ? null : BigInt(row.settled),
      })),
      windows: windows.map((row) => ({ ...row, reserved: BigInt(row.reserved), spent: BigInt(row.spent) })),
      emergencyStops: stops?.count ?? 0,
      nullifiers: nullifiers.map(({ nullifier }) => nullifier),
    };
  });
}

export async function connected<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: 5000,
    statement_timeout: 60_000,
    application_name: 'fault-judge',
  });
  client.on('error', () => undefined); // the running query rejects with this error
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
