/** Prepared statements of the queue, which run for every message. They bypass Prisma, because it would take most of their CPU time. */

/** Commits dispatches. $1: ids, $2: leases, $3: milliseconds of a lease. */
export const DISPATCH = `
  UPDATE delivery_job SET dispatched_at = coalesce(dispatched_at, now()), relayed = true, lease_until = now() + $3::int * interval '1 millisecond'
  FROM unnest($1::uuid[], $2::text[]) AS own (id, lease)
  WHERE message_id = own.id AND lease_owner = own.lease AND lease_until > now()
  RETURNING message_id::text AS id`;

/**
 * Ends messages for which no money is reserved. Each parameter except $6 is an array with one element for each message.
 * - $1: id; $2: lease; $3: status; $4: reason; $5: receipt
 * - $6: all documents and answers, concatenated
 * - $7, $8: where the document starts in $6 (from 1), and its length; $9, $10: the same for the answer
 * - $11: whether the nullifier becomes free even if the message was relayed
 */
export const END = `
  WITH given AS (
    SELECT id, lease, status::"MessageStatus" AS status, reason, receipt,
           substring($6::bytea FROM document_at FOR document_bytes) AS document, substring($6::bytea FROM answer_at FOR answer_bytes) AS answer, is_freed
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $7::int[], $8::int[], $9::int[], $10::int[], $11::boolean[])
      AS given (id, lease, status, reason, receipt, document_at, document_bytes, answer_at, answer_bytes, is_freed)),
  job AS (
    DELETE FROM delivery_job USING given WHERE message_id = given.id AND lease_owner = given.lease
    RETURNING message_id, relayed),
  ended AS (
    UPDATE message SET status = given.status, reason = given.reason, ended_at = now(),
      receipt = coalesce(given.receipt, message.receipt),
      attestation_document = coalesce(given.document, message.attestation_document),
      sealed_answer = coalesce(given.answer, message.sealed_answer)
    FROM given JOIN job ON job.message_id = given.id WHERE message.id = given.id
    RETURNING message.id, message.status_sha256 IS NOT NULL AS proven, NOT job.relayed OR given.is_freed AS is_freed),
  freed AS (
    DELETE FROM nullifier USING ended WHERE nullifier.message_id = ended.id AND ended.proven AND ended.is_freed),
  used AS (
    UPDATE nullifier SET message_id = NULL FROM ended WHERE nullifier.message_id = ended.id AND ended.proven AND NOT ended.is_freed)
  SELECT id::text FROM ended`;

const DUE = `next_attempt_at <= now() AND (lease_until IS NULL OR lease_until <= now())`;
const due = (condition: string, order = 'next_attempt_at') =>
  `SELECT message_id, next_attempt_at FROM delivery_job WHERE ${DUE} AND ${condition} ORDER BY ${order} LIMIT $1::int FOR UPDATE SKIP LOCKED`;

/** Queries that select due jobs. $1: how many at most, $4: key ids. */
const DUE_JOBS = {
  any: due('true'),
  // Uses the index of expires_at. By next_attempt_at it might read a long backlog that has no expired job.
  expired: due('expires_at <= now()', 'expires_at'),
  one_key: due('key_id = $4::bytea'),
  // Looks each key up in the index, so that it does not read a long backlog of other keys.
  some_keys: `
    SELECT message_id FROM unnest($4::bytea[]) AS key (id) CROSS JOIN LATERAL (${due('key_id = key.id')}) AS job
    ORDER BY next_attempt_at LIMIT $1::int`,
  other_keys: due('key_id <> ALL ($4::bytea[])'),
} as const;
export type DueJobs = keyof typeof DUE_JOBS;

/** Leases due jobs. $1: how many at most, $2: the lease, $3: its milliseconds, $4: key ids, if the query uses them. */
export function leaseStatement(which: DueJobs): string {
  return `
    WITH due AS (${DUE_JOBS[which]}),
    leased AS (
      UPDATE delivery_job j SET lease_owner = $2, lease_until = now() + $3::int * interval '1 millisecond'
      FROM due WHERE j.message_id = due.message_id
      RETURNING j.message_id, j.sealed, j.key_id, j.lease_owner, j.dispatched_at, j.relayed, j.reserved_micro_usd, j.expires_at <= now() AS expired),
    delivering AS (
      UPDATE message m SET status = 'delivering', attempts = m.attempts + 1
      FROM leased WHERE m.id = leased.message_id
      RETURNING m.id, m.sealed_sha256, m.attempts, m.receipt, m.status_sha256 IS NOT NULL AS proven)
    SELECT delivering.id::text AS "messageId", sealed, leased.key_id AS "keyId", sealed_sha256 AS "sealedSha256", lease_owner AS "leaseOwner", attempts AS attempt,
           expired, dispatched_at IS NOT NULL AS "dispatchedBefore", relayed AS "relayedBefore", proven, receipt AS "interimReceipt",
           reserved_micro_usd IS NOT NULL OR EXISTS (SELECT FROM reservation WHERE reservation.message_id = delivering.id AND state = 'reserved') AS priced
    FROM leased JOIN delivering ON delivering.id = leased.message_id`;
}
