import { Injectable } from '@nestjs/common';
import { BudgetService } from '../budget/budget.service';
import { highestCostOfMessageMicroUsd } from '../../core/config/prices';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import type { AcceptanceKey, Stored } from '../messages/acceptance';
import type { Submission } from './submission';

/**
 * Messages in one transaction, and their sealed bytes together: what is larger goes in a group of its own. With 256 connections a
 * limit of 256 messages saved nothing that could be measured, and a group is what a failure sends back to be tried one by one.
 */
const MAX_MESSAGES = 64;
const MAX_BYTES = 1024 * 1024;
/**
 * Groups under way at once. All of them change the rows of the system's hour and day, so a second one waits for the first one's
 * commit anyway, locks in hand; kept back instead it grows meanwhile (over 32 connections 11 messages a group and not 7: PostgreSQL
 * took 0.20 ms of CPU per message and not 0.28).
 */
const MAX_GROUPS = 1;
/** One that takes longer hangs on something of its own; another may go beside it, so that it does not hold up everybody. */
const PATIENCE_MS = 1000;
const MAX_HANGING = 1;
/** Those who wait for a group: beyond it, or after so long, they are sent off. They have left no trace and may come back. */
const MAX_WAITING = 2048;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const MAX_WAIT_MS = 5000;
const RETRY_AFTER_SECONDS = 2;
/** So that those who were sent off together do not come back together. */
const RETRY_SPREAD_SECONDS = 4;

interface Waiting {
  readonly submission: Submission;
  readonly key: AcceptanceKey;
  readonly resolve: (stored: Stored | null) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Accepts new messages in groups: those that arrive while a group is being committed make up the next one. Nobody waits for
 * company: where nothing is under way, a group of one leaves at once. What a transaction guarantees for one message it guarantees
 * for each of a group, and the 202 still comes after the commit (prisma/migrations, function accept_messages).
 */
@Injectable()
export class GroupedAcceptance {
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private running = 0;
  private hanging = 0;

  constructor(
    private readonly database: Database,
    private readonly budget: BudgetService,
  ) {}

  /**
   * @returns null where the message was not accepted with its group and has left no trace: it has to be tried alone, which says why
   * @throws ProblemError `overloaded`, with nothing begun: too many wait, or it waited too long | `database_unavailable`; then it is not
   * known whether the commit went through
   */
  accept(submission: Submission, key: AcceptanceKey): Promise<Stored | null> {
    if (this.waiting.length >= MAX_WAITING || this.waitingBytes + submission.sealed.length > MAX_WAITING_BYTES)
      return Promise.reject(tooMany());
    return new Promise((resolve, reject) => {
      const one: Waiting = {
        submission,
        key,
        resolve,
        reject,
        timer: setTimeout(() => {
          this.sendOff(one);
        }, MAX_WAIT_MS),
      };
      this.waiting.push(one);
      this.waitingBytes += submission.sealed.length;
      this.dispatch();
    });
  }

  private sendOff(one: Waiting): void {
    this.waiting.splice(this.waiting.indexOf(one), 1);
    this.waitingBytes -= one.submission.sealed.length;
    one.reject(tooMany());
  }

  private dispatch(): void {
    if (this.running >= MAX_GROUPS || this.waiting.length === 0) return;
    const group = this.takeGroup();
    this.running++;
    let hangs = false;
    const timer = setTimeout(() => {
      if (this.hanging >= MAX_HANGING) return;
      hangs = true;
      this.hanging++;
      this.running--;
      this.dispatch();
    }, PATIENCE_MS);
    void this.commit(group).finally(() => {
      clearTimeout(timer);
      if (hangs) this.hanging--;
      else this.running--;
      this.dispatch();
    });
  }

  /** In the order of arrival; the same id or key twice goes into different groups. */
  private takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    const left: Waiting[] = [];
    const names = new Set<string>();
    let bytes = 0;
    for (const one of this.waiting) {
      const [id, key] = [one.submission.messageId, `${one.key.owner} ${one.key.key}`];
      const size = one.submission.sealed.length;
      const fits =
        group.length === 0 ||
        (group.length < MAX_MESSAGES && bytes + size <= MAX_BYTES && !names.has(id) && !names.has(key));
      if (!fits) {
        left.push(one);
        continue;
      }
      clearTimeout(one.timer);
      group.push(one);
      names.add(id).add(key);
      bytes += size;
    }
    this.waiting = left;
    this.waitingBytes -= bytes;
    return group;
  }

  private async commit(group: readonly Waiting[]): Promise<void> {
    const now = new Date();
    try {
      const accepted = await this.store(group, now);
      for (const { submission, resolve } of group) {
        const nextAttemptAt = accepted.get(submission.messageId);
        resolve(nextAttemptAt === undefined ? null : { acceptedAt: now, nextAttemptAt });
      }
    } catch (error) {
      // A group that cannot be taken whole was rolled back whole: each is tried alone.
      for (const { resolve, reject } of group) {
        if (error instanceof ProblemError) reject(error);
        else resolve(null);
      }
    }
  }

  private async store(group: readonly Waiting[], now: Date): Promise<Map<string, Date>> {
    let offset = 0;
    const rows = group.map(({ submission, key }) => {
      const { messageId: id, sealed, sealedSha256, keyId, expiresAt } = submission;
      const row = {
        id,
        owner: key.owner,
        key: key.key,
        sha256: hex(sealedSha256),
        key_id: hex(keyId),
        expires_at: expiresAt,
        offset,
        length: sealed.length,
      };
      offset += sealed.length;
      return row;
    });
    const sealed = Buffer.concat(group.map(({ submission }) => submission.sealed));
    const { hour, day, userDayCapMicroUsd, systemHourCapMicroUsd, systemDayCapMicroUsd, priceVersion } =
      this.budget.termsAt(now);
    const accepted = await this.database.read(
      (client) => client.$queryRaw<{ id: string; nextAttemptAt: Date }[]>`
      SELECT accepted::text AS "id", next_attempt_at AS "nextAttemptAt" FROM accept_messages(
        ${JSON.stringify(rows)}::jsonb, ${sealed}::bytea, ${now}::timestamptz, ${hour}::timestamptz, ${day}::timestamptz,
        ${highestCostOfMessageMicroUsd}::bigint, ${priceVersion}::text,
        ${userDayCapMicroUsd}::bigint, ${systemHourCapMicroUsd}::bigint, ${systemDayCapMicroUsd}::bigint)`,
    );
    return new Map(accepted.map(({ id, nextAttemptAt }) => [id, nextAttemptAt]));
  }
}

function tooMany(): ProblemError {
  return new ProblemError('overloaded', {
    retryAfterSeconds: RETRY_AFTER_SECONDS + Math.floor(Math.random() * (RETRY_SPREAD_SECONDS + 1)),
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
