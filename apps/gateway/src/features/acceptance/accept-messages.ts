import type { Database } from '../../core/database/database';
import type { BudgetRefusal } from '../budget/budget-refusal';
import type { Windows } from '../budget/windows';
import type { Submission } from './submission';

export interface AcceptanceKey {
  readonly owner: string;
  readonly key: string;
  /** Whether the client sent the idempotency key; otherwise the message id is used as the key. */
  readonly explicit: boolean;
}

export interface AcceptanceRequest {
  readonly submission: Submission;
  /** null: a proof of residence admits the message, which has no owner. */
  readonly key: AcceptanceKey | null;
}

/** The limits for a batch. Amounts are micro-dollars. */
export interface AcceptanceTerms extends Windows {
  readonly now: Date;
  /** Until when the nullifiers of the batch's proofs are kept. */
  readonly nullifiersUntil: Date;
  /**
   * The most that one message can cost. 0: the message is free, so no money is reserved and neither a cap nor the
   * stop refuses it.
   */
  readonly amountMicroUsd: bigint;
  readonly priceVersion: string;
  readonly userDayCapMicroUsd: bigint;
  /** 0: no limit. */
  readonly userDayMessages: number;
  readonly systemHourCapMicroUsd: bigint;
  readonly systemDayCapMicroUsd: bigint;
}

export interface Stored {
  readonly acceptedAt: Date;
  readonly nextAttemptAt: Date;
}

/** The outcome of one message of a batch; prisma/sql/accept_messages.sql defines each. */
export type Outcome =
  | ({ readonly outcome: 'accepted' | 'resealed' } & Stored)
  | { readonly outcome: 'duplicate' | 'gone' }
  | { readonly outcome: 'idempotency_key_reused' | 'message_id_taken' | 'status_hash_taken' | 'already_sent' }
  | { readonly outcome: BudgetRefusal }
  | { readonly outcome: 'threshold_reached' };

const STATEMENT = `SELECT outcome, accepted_at AS "acceptedAt", next_attempt_at AS "nextAttemptAt"
  FROM accept_messages(${Array.from({ length: 23 }, (_, at) => `$${String(at + 1)}`).join(', ')})`;

/**
 * Accepts a batch in one transaction and one round trip (SQL function accept_messages). When this resolves, the transaction is committed.
 * @param batch no two messages have the same id, owner and key, nullifier or status hash; each message has an owner or a proof
 * @returns an outcome for each message, in order
 * @throws ProblemError `database_unavailable`; the commit may or may not have happened
 * @throws ProblemError `overloaded`; the transaction did not begin
 */
export function acceptMessages(
  database: Database,
  batch: readonly AcceptanceRequest[],
  terms: AcceptanceTerms,
): Promise<Outcome[]> {
  let next = 1;
  const starts = batch.map(({ submission }) => {
    const start = next;
    next += submission.sealed.length;
    return start;
  });
  const proofs = batch.map(({ submission }) => submission.proof);
  const hasProofs = proofs.some((proof) => proof !== null);
  return database.statement<Outcome>('accept_messages', STATEMENT, [
    batch.map(({ submission }) => submission.messageId),
    batch.map(({ key }) => key?.owner ?? null),
    batch.map(({ key }) => key?.key ?? null),
    batch.map(({ key }) => key?.explicit ?? false),
    batch.map(({ submission }) => submission.expiresAt),
    Buffer.concat(batch.map(({ submission }) => submission.sealedSha256)),
    Buffer.concat(batch.map(({ submission }) => submission.keyId)),
    Buffer.concat(batch.map(({ submission }) => submission.sealed)),
    starts,
    batch.map(({ submission }) => submission.sealed.length),
    hasProofs ? proofs.map((proof) => proof && Buffer.from(proof.nullifier)) : null,
    hasProofs ? proofs.map((proof) => proof && Buffer.from(proof.messageInput)) : null,
    hasProofs ? proofs.map((proof) => proof && Buffer.from(proof.statusSha256)) : null,
    terms.nullifiersUntil,
    terms.now,
    terms.hour,
    terms.day,
    terms.amountMicroUsd,
    terms.priceVersion,
    terms.userDayCapMicroUsd,
    terms.userDayMessages,
    terms.systemHourCapMicroUsd,
    terms.systemDayCapMicroUsd,
  ]);
}
