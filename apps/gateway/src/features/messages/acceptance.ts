import type { Transaction } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import type { Submission } from '../acceptance/submission';

export interface AcceptanceKey {
  readonly owner: string;
  readonly key: string;
  /** Sent by the client, rather than the message id in its place. */
  readonly explicit: boolean;
}

export interface Stored {
  readonly acceptedAt: Date;
  readonly nextAttemptAt: Date;
}

interface Standing {
  readonly owner: string;
  readonly status: string;
  readonly sealedSha256: Uint8Array;
  readonly acceptedAt: Date;
}

/**
 * Which of four things a posted message is: new, the same again, sealed again after its key was retired, or a clash. Uniqueness is
 * the database's: whoever comes second waits for the first one's commit and then reads it.
 */
export class Acceptance {
  constructor(
    private readonly transaction: Transaction,
    private readonly submission: Submission,
    private readonly key: AcceptanceKey,
    private readonly now: Date,
  ) {}

  /** @returns null where nothing was stored, so that nothing is to be paid for. @throws ProblemError `idempotency_key_reused` | `message_id_taken` */
  async store(): Promise<Stored | null> {
    if (await this.insertMessage()) {
      if (!(await this.claimKey())) throw new ProblemError('idempotency_key_reused');
      return { acceptedAt: this.now, nextAttemptAt: await this.insertJob() };
    }
    const { owner, key, explicit } = this.key;
    const used = await this.transaction.idempotencyKey.findUnique({ where: { owner_key: { owner, key } } });
    if (used !== null && this.isSame(used.sealedSha256)) return null;
    if (used !== null && explicit) throw new ProblemError('idempotency_key_reused');

    const standing = await this.lockStanding();
    // It was there a moment ago and has been deleted as old since: its id is free.
    if (standing === undefined) return this.store();
    if (standing.owner !== owner) throw new ProblemError('message_id_taken');
    if (this.isSame(standing.sealedSha256)) {
      if (!(await this.claimKey())) throw new ProblemError('idempotency_key_reused');
      return null;
    }
    if (standing.status !== 'key_retired') throw new ProblemError('message_id_taken');
    return { acceptedAt: standing.acceptedAt, nextAttemptAt: await this.replace() };
  }

  private async insertMessage(): Promise<boolean> {
    const { messageId: id, sealedSha256, keyId, expiresAt } = this.submission;
    const data = [{ id, owner: this.key.owner, sealedSha256, keyId, expiresAt, acceptedAt: this.now }];
    return (await this.transaction.message.createMany({ data, skipDuplicates: true })).count === 1;
  }

  /** @returns false where the key already stands for other bytes */
  private async claimKey(): Promise<boolean> {
    const { owner, key } = this.key;
    const { messageId, sealedSha256 } = this.submission;
    const { count } = await this.transaction.idempotencyKey.createMany({
      data: [{ owner, key, messageId, sealedSha256, createdAt: this.now }],
      skipDuplicates: true,
    });
    if (count === 1) return true;
    const used = await this.transaction.idempotencyKey.findUnique({ where: { owner_key: { owner, key } } });
    return used !== null && this.isSame(used.sealedSha256);
  }

  /** Due at once by the database's clock, as the queue reads it: ours may be ahead. @returns when it is due */
  private async insertJob(): Promise<Date> {
    const { messageId, sealed, keyId, expiresAt } = this.submission;
    const [job] = await this.transaction.$queryRaw<[{ nextAttemptAt: Date }]>`
      INSERT INTO delivery_job (message_id, sealed, key_id, expires_at, next_attempt_at) VALUES (${messageId}::uuid, ${sealed}, ${keyId}, ${expiresAt}, now())
      RETURNING next_attempt_at AS "nextAttemptAt"`;
    return job.nextAttemptAt;
  }

  private async lockStanding(): Promise<Standing | undefined> {
    const [standing] = await this.transaction.$queryRaw<Standing[]>`
      SELECT owner, status::text AS "status", sealed_sha256 AS "sealedSha256", accepted_at AS "acceptedAt" FROM message WHERE id = ${this.submission.messageId}::uuid FOR UPDATE`;
    return standing;
  }

  /** The owner sealed the message again: it starts over under its id. Nothing of it was opened, so it has cost nothing yet. */
  private async replace(): Promise<Date> {
    const { messageId, sealedSha256, keyId, expiresAt } = this.submission;
    if (this.key.explicit) {
      if (!(await this.claimKey())) throw new ProblemError('idempotency_key_reused');
    } else {
      await this.moveDefaultKey();
    }
    await this.transaction.message.update({
      where: { id: messageId },
      data: {
        status: 'queued',
        sealedSha256,
        keyId,
        expiresAt,
        reason: null,
        endedAt: null,
        attempts: 0,
        receipt: null,
        attestationDocument: null,
        sealedAnswer: null,
      },
      select: { id: true },
    });
    await this.transaction.deliveryJob.deleteMany({ where: { messageId } });
    return this.insertJob();
  }

  /** Without a header the key is the message id, which stays the same and now stands for the new bytes. */
  private async moveDefaultKey(): Promise<void> {
    const { owner, key } = this.key;
    const { messageId, sealedSha256 } = this.submission;
    const { count } = await this.transaction.idempotencyKey.updateMany({
      where: { owner, key, messageId },
      data: { sealedSha256 },
    });
    if (count === 0 && !(await this.claimKey())) throw new ProblemError('idempotency_key_reused');
  }

  private isSame(sealedSha256: Uint8Array): boolean {
    return Buffer.compare(sealedSha256, this.submission.sealedSha256) === 0;
  }
}
