import { Injectable } from '@nestjs/common';
import { toHex } from '@communique-tee/protocol';
import type { RootNote } from '@communique-tee/residence';
import { Logger } from '../../core/telemetry/logger';

/** Roots in the table. A registrar that publishes each day has at most 15 roots in force. */
const MAX_ROOTS = 16;
/** A root is not called rare before this time has passed since its first message. */
const RARE_AFTER_MS = 24 * 3_600_000;
/** A rare root has fewer messages than this. */
const RARE_BELOW = 10;
/** The other roots must have had this many messages since the first message of a rare root. */
const OTHERS_FROM = 100;

export interface RootCount {
  /** The first 16 hex digits of the root. Every client sees the root in the registrar's note. */
  readonly root: string;
  readonly messages: number;
  readonly isRare: boolean;
}

interface Counted {
  /** The latest end of the notes with this root, in Unix seconds. The registrar signs an unchanged list again, with the same root. */
  notAfter: number;
  readonly firstSeenMs: number;
  /** Messages of all roots before this root's first message. */
  readonly othersBefore: number;
  messages: number;
  warned: boolean;
}

/**
 * Counts this process's messages by the root of their proofs. A registrar and a gateway together could mark one person by a root that no
 * one else gets. Such a root stays rare, so the gateway warns an honest operator about rare roots.
 */
@Injectable()
export class RootCensus {
  private readonly roots = new Map<string, Counted>();
  private total = 0;

  constructor(private readonly logger: Logger) {}

  count({ root, notAfter }: RootNote, now: Date): void {
    const name = toHex(root).slice(0, 16);
    this.forgetEnded(now);
    const counted = this.roots.get(name) ?? {
      notAfter,
      firstSeenMs: now.getTime(),
      othersBefore: this.total,
      messages: 0,
      warned: false,
    };
    counted.notAfter = Math.max(counted.notAfter, notAfter);
    counted.messages++;
    this.total++;
    if (this.roots.size < MAX_ROOTS || this.roots.has(name)) this.roots.set(name, counted);
    for (const each of this.roots.values()) this.warn(each, now);
  }

  all(now: Date): RootCount[] {
    this.forgetEnded(now);
    return [...this.roots].map(([root, counted]) => ({
      root,
      messages: counted.messages,
      isRare: this.isRare(counted, now),
    }));
  }

  /** Seconds until the longest-lasting of the seen roots ends; null if none was seen. */
  secondsLeft(now: Date): number | null {
    if (this.roots.size === 0) return null;
    return Math.max(...[...this.roots.values()].map(({ notAfter }) => notAfter)) - Math.floor(now.getTime() / 1000);
  }

  private isRare({ firstSeenMs, messages, othersBefore }: Counted, now: Date): boolean {
    const others = this.total - othersBefore - messages;
    return now.getTime() - firstSeenMs >= RARE_AFTER_MS && messages < RARE_BELOW && others >= OTHERS_FROM;
  }

  private warn(counted: Counted, now: Date): void {
    if (counted.warned || !this.isRare(counted, now)) return;
    counted.warned = true;
    this.logger.warn({ code: 'root_rare', count: counted.messages }, 'a root of the registrar stays rare');
  }

  /** Drops ended roots. Keeps the root that ends last, because `secondsLeft` reports its end. */
  private forgetEnded(now: Date): void {
    const nowSeconds = now.getTime() / 1000;
    const last = Math.max(...[...this.roots.values()].map(({ notAfter }) => notAfter));
    for (const [name, { notAfter }] of this.roots)
      if (notAfter <= nowSeconds && notAfter !== last) this.roots.delete(name);
  }
}
