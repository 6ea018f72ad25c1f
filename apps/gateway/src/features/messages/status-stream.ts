import { Readable } from 'node:stream';
import { isEnded, type MessageView } from '@communique-tee/protocol';
import type { Reader } from '../auth/reader';

/** How long a reader waits before it connects again. */
export const RETRY_MS = 1000;

export interface StatusStreamTiming {
  /** Time between comments that keep the connection open; shorter than nginx's proxy_read_timeout. */
  readonly heartbeatMs: number;
  /** A stream ends after this time even if the message has not ended, because the reader's token was checked only when the stream opened. */
  readonly maxMs: number;
  /** A reader that leaves sent data unread for this long is disconnected. */
  readonly slowMs: number;
}

/**
 * Sends the status of one message to one reader, as server-sent events (WHATWG HTML, section 9.2). Each `event: status` has the view as JSON.
 * The first event has the current status; the next ones have the changes. The stream ends when the message has ended or the time is over. At
 * most one event waits for a slow reader, which then gets only the latest status.
 */
export class StatusStream {
  readonly body: Readable;
  /** The version (`xmin`) of the message's row that a poll of StatusStreams last handled; empty before. */
  version = '';

  private readonly openedAtMs = performance.now();
  private lastSentAtMs = this.openedAtMs;
  /** Since when the reader has left sent data unread; null while it keeps up. */
  private stuckSinceMs: number | null = null;
  private pending: string | null = `retry: ${String(RETRY_MS)}\n\n`;
  private lastEvent = '';
  private ending = false;
  private ended = false;

  constructor(
    readonly reader: Reader,
    readonly messageId: string,
    private readonly timing: StatusStreamTiming,
  ) {
    // With a high-water mark of one byte the result of `push` shows whether the reader keeps up.
    this.body = new Readable({
      highWaterMark: 1,
      read: () => {
        this.taken();
      },
    });
  }

  /** Sends the view if it differs from the last one. */
  offer(view: MessageView): void {
    const event = `event: status\ndata: ${JSON.stringify(view)}\n\n`;
    if (this.ending || event === this.lastEvent) return;
    const greeting = this.lastEvent === '' ? (this.pending ?? '') : '';
    this.lastEvent = event;
    this.pending = greeting + event;
    if (isEnded(view.status)) this.ending = true;
    this.flush();
  }

  /** Ends the stream. The reader then connects again, after a pause of `retryMs` if that is set. */
  end(retryMs?: number): void {
    if (this.ending) return;
    this.ending = true;
    if (retryMs !== undefined) this.pending = `${this.pending ?? ''}retry: ${String(retryMs)}\n\n`;
    this.flush();
  }

  /** Call it about once a second: it sends comments, cuts a reader that is too slow, and ends a stream whose time is over. */
  tick(nowMs: number): void {
    if (this.stuckSinceMs !== null && nowMs - this.stuckSinceMs >= this.timing.slowMs) {
      this.body.destroy();
      return;
    }
    if (this.ending) return;
    if (nowMs - this.openedAtMs >= this.timing.maxMs) {
      this.end();
    } else if (nowMs - this.lastSentAtMs >= this.timing.heartbeatMs) {
      this.pending ??= ': still here\n\n';
      this.flush();
    }
  }

  private taken(): void {
    this.stuckSinceMs = null;
    this.flush();
  }

  private flush(): void {
    if (this.ended || this.body.destroyed || this.stuckSinceMs !== null) return;
    if (this.pending !== null) {
      const text = this.pending;
      this.pending = null;
      this.lastSentAtMs = performance.now();
      // Marked as stuck before the push, because the push may call `read`, which clears the mark.
      this.stuckSinceMs = this.lastSentAtMs;
      if (this.body.push(text)) this.stuckSinceMs = null;
    }
    if (this.ending) {
      this.ended = true;
      this.body.push(null);
    }
  }
}
