import { windowsOf } from '../../budget/windows';
import type { AcceptanceTerms, Outcome } from '../accept-messages';

export interface ModelPost {
  readonly owner: string;
  readonly messageId: string;
  readonly sha256: string;
  readonly key: string;
  readonly explicit: boolean;
}

interface ModelMessage {
  readonly owner: string;
  readonly acceptedAt: Date;
  sha256: string;
  status: 'queued' | 'delivered' | 'key_retired';
}

export interface ModelReservation {
  readonly owner: string;
  readonly messageId: string;
  readonly at: Date;
  /** 0: the message is free, and the database has no row for a reservation. */
  readonly amount: bigint;
  /** Whether the message counts as one of the day's messages. */
  readonly isNew: boolean;
  settled?: bigint;
}

type Name = Outcome['outcome'];

/** Applies the rules of prisma/sql/accept_messages.sql in memory, to one message after the other. */
export class AcceptanceModel {
  readonly messages = new Map<string, ModelMessage>();
  /** Keyed by owner and idempotency key. */
  readonly keys = new Map<string, { messageId: string; sha256: string }>();
  readonly reservations: ModelReservation[] = [];
  stopped = false;

  /** @returns an outcome for each message, in order */
  accept(batch: readonly ModelPost[], terms: AcceptanceTerms): Name[] {
    return batch.map((post) => this.acceptOne(post, terms));
  }

  /** @returns false if the message has no open reservation */
  settle(messageId: string, actual: bigint, status: 'delivered' | 'key_retired'): boolean {
    const open = this.reservations.find((one) => one.messageId === messageId && one.settled === undefined);
    const message = this.messages.get(messageId);
    if (open === undefined || message === undefined) return false;
    open.settled = open.amount === 0n ? 0n : actual;
    message.status = status;
    return true;
  }

  private acceptOne(post: ModelPost, terms: AcceptanceTerms): Name {
    const outcome = this.classify(post);
    const { owner, messageId, sha256 } = post;
    if (outcome === 'accepted' || outcome === 'resealed') {
      const isStopped = this.stopped && terms.amountMicroUsd > 0n;
      const refusal = isStopped ? 'emergency_stop' : this.refusal(post, outcome === 'accepted', terms);
      if (refusal !== undefined) return refusal;
      const { now, amountMicroUsd: amount } = terms;
      const acceptedAt = this.messages.get(messageId)?.acceptedAt ?? now;
      this.messages.set(messageId, { owner, sha256, acceptedAt, status: 'queued' });
      this.reservations.push({ owner, messageId, at: now, amount, isNew: outcome === 'accepted' });
    }
    if (outcome === 'accepted' || outcome === 'resealed' || outcome === 'duplicate') this.keys.set(nameOf(post), post);
    return outcome;
  }

  private classify(post: ModelPost): Name {
    const message = this.messages.get(post.messageId);
    const key = this.keys.get(nameOf(post));
    if (message === undefined) return key === undefined ? 'accepted' : 'idempotency_key_reused';
    if (key?.sha256 === post.sha256) return 'duplicate';
    if (key !== undefined && post.explicit) return 'idempotency_key_reused';
    if (message.owner !== post.owner) return 'message_id_taken';
    if (message.sha256 === post.sha256) return key === undefined ? 'duplicate' : 'idempotency_key_reused';
    if (message.status !== 'key_retired') return 'message_id_taken';
    return key === undefined || key.messageId === post.messageId ? 'resealed' : 'idempotency_key_reused';
  }

  private refusal({ owner }: ModelPost, isNew: boolean, terms: AcceptanceTerms): Name | undefined {
    const { hour, day, amountMicroUsd } = terms;
    const today = this.reservations.filter(({ at }) => windowsOf(at).day.getTime() === day.getTime());
    const mine = today.filter((one) => one.owner === owner);
    const thisHour = today.filter(({ at }) => windowsOf(at).hour.getTime() === hour.getTime());
    const isFree = amountMicroUsd === 0n;
    if (!isFree && used(mine) + amountMicroUsd > terms.userDayCapMicroUsd) return 'user_daily_limit_reached';
    const limit = terms.userDayMessages;
    if (isNew && limit > 0 && mine.filter((one) => one.isNew).length >= limit) return 'daily_messages_reached';
    if (isFree) return undefined;
    if (used(thisHour) + amountMicroUsd > terms.systemHourCapMicroUsd) return 'system_hourly_limit_reached';
    const spent = used(today.filter(({ settled }) => settled !== undefined));
    if (spent + amountMicroUsd > terms.systemDayCapMicroUsd) return 'threshold_reached';
    if (used(today) + amountMicroUsd > terms.systemDayCapMicroUsd) return 'system_daily_limit_reached';
    const shares = (used(mine) + amountMicroUsd) * 9n;
    const isOverShare =
      shares > terms.systemHourCapMicroUsd - used(thisHour) || shares > terms.systemDayCapMicroUsd - used(today);
    return used(mine) > 0n && isOverShare ? 'fair_share_reached' : undefined;
  }
}

export function nameOf({ owner, key }: Pick<ModelPost, 'owner' | 'key'>): string {
  return `${owner} ${key}`;
}

function used(reservations: readonly ModelReservation[]): bigint {
  return reservations.reduce((sum, { amount, settled }) => sum + (settled ?? amount), 0n);
}
