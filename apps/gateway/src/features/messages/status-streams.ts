import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { mayRead, WITH_JOB, messageView } from './message-view';
import { nameOfReader, type Reader } from '../auth/reader';
import { MessagesService } from './messages.service';
import { StatusStream } from './status-stream';

/** The limit for one process. Half of the process's connections is a second limit, so that other requests have room. */
const MAX_STREAMS = 1000;
const MAX_STREAMS_OF_READER = 10;
const RETRY_AFTER_SECONDS = 5;
/** Spreads the reconnections of clients that are disconnected together. */
const SPREAD_MS = 5000;
/** How many whole views one query reads. Each may contain a receipt and an attestation document. */
const VIEWS_AT_ONCE = 50;
const MAX_PAUSE_MS = 5000;
const TICK_MS = 1000;

/**
 * The open streams of this process. Every `pollMs` one query reads the versions (`xmin`) of their messages' rows, because another process
 * may have changed a row. Whole views are read only for rows that changed.
 */
@Injectable()
export class StatusStreams implements BeforeApplicationShutdown {
  /** Tests set shorter times. */
  readonly timing = {
    pollMs: 500,
    heartbeatMs: 15_000,
    maxMs: 120_000,
    slowMs: 30_000,
    tickMs: TICK_MS,
    closeMs: 2000,
  };
  readonly limits: { all: number; ofReader: number };

  private readonly open = new Set<StatusStream>();
  /** How many streams each reader has, including those that `about` is still opening. */
  private readonly ofReader = new Map<string, number>();
  private total = 0;
  private watching = false;
  private closing = false;

  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'http'>,
    private readonly messages: MessagesService,
    private readonly database: Database,
  ) {
    this.limits = {
      all: Math.max(1, Math.min(MAX_STREAMS, Math.floor(config.http.maxConnections / 2))),
      ofReader: MAX_STREAMS_OF_READER,
    };
  }

  /** For metrics. */
  get count(): number {
    return this.total;
  }

  /**
   * Opens a stream of server-sent events about a message that the reader may read.
   * @throws ProblemError `not_found` | `database_unavailable` | `overloaded` | `rate_limited`
   */
  async about(reader: Reader, messageId: string): Promise<Readable> {
    const name = nameOfReader(reader);
    this.take(name);
    try {
      const view = await this.messages.find(reader, messageId);
      const stream = new StatusStream(reader, messageId, this.timing);
      stream.body.once('close', () => {
        this.open.delete(stream);
        this.release(name);
      });
      this.open.add(stream);
      stream.offer(view);
      if (this.closing) stream.end(this.laterMs());
      this.watch();
      return stream.body;
    } catch (error) {
      this.release(name);
      throw error;
    }
  }

  /**
   * After draining, tells the remaining readers to reconnect, which leads them to another process. After `closeMs` it cuts the connections
   * that are still open.
   */
  async beforeApplicationShutdown(): Promise<void> {
    this.closing = true;
    for (const stream of this.open) stream.end(this.laterMs());
    for (const deadline = performance.now() + this.timing.closeMs; this.open.size > 0 && performance.now() < deadline;)
      await sleep(20);
    for (const stream of this.open) stream.body.destroy();
  }

  private take(reader: string): void {
    const mine = this.ofReader.get(reader) ?? 0;
    if (mine >= this.limits.ofReader)
      throw new ProblemError('rate_limited', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        detail: `At most ${String(this.limits.ofReader)} streams at once.`,
      });
    if (this.total >= this.limits.all)
      throw new ProblemError('overloaded', { retryAfterSeconds: Math.ceil(this.laterMs() / 1000) });
    this.ofReader.set(reader, mine + 1);
    this.total++;
  }

  private release(reader: string): void {
    const left = (this.ofReader.get(reader) ?? 1) - 1;
    if (left === 0) this.ofReader.delete(reader);
    else this.ofReader.set(reader, left);
    this.total--;
  }

  private laterMs(): number {
    return 1000 + Math.floor(Math.random() * SPREAD_MS);
  }

  private watch(): void {
    if (this.watching) return;
    this.watching = true;
    const ticks = setInterval(() => {
      const nowMs = performance.now();
      for (const stream of this.open) stream.tick(nowMs);
    }, this.timing.tickMs).unref();
    void this.poll().finally(() => {
      clearInterval(ticks);
      this.watching = false;
    });
  }

  private async poll(): Promise<void> {
    for (let pauseMs = this.timing.pollMs; this.open.size > 0;) {
      await sleep(pauseMs, undefined, { ref: false });
      if (this.open.size === 0) return; // the last stream ended during the pause
      try {
        await this.pollOnce();
        pauseMs = this.timing.pollMs;
      } catch {
        // The database is down. Health reports that; readers get no events meanwhile.
        pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
      }
    }
  }

  private async pollOnce(): Promise<void> {
    const byId = Map.groupBy(this.open, ({ messageId }) => messageId);
    const ids = [...byId.keys()];
    const rows = await this.database.read(
      (client) => client.$queryRaw<{ id: string; version: string }[]>`
      SELECT id::text AS id, xmin::text AS version FROM message WHERE id = ANY(${ids}::uuid[])`,
    );
    const versions = new Map(rows.map(({ id, version }) => [id, version]));
    const changed: string[] = [];
    for (const [id, streams] of byId) {
      const version = versions.get(id);
      // Retention deleted the message. A client that reconnects gets `not_found`.
      if (version === undefined) for (const stream of streams) stream.end();
      else if (streams.some((stream) => stream.version !== version)) changed.push(id);
    }
    for (let at = 0; at < changed.length; at += VIEWS_AT_ONCE) {
      const messages = await this.database.read((client) =>
        client.message.findMany({ where: { id: { in: changed.slice(at, at + VIEWS_AT_ONCE) } }, include: WITH_JOB }),
      );
      for (const message of messages) {
        const view = messageView(message);
        for (const stream of byId.get(message.id) ?? []) {
          // An id that was deleted and used again may belong to another user.
          if (!mayRead(stream.reader, message)) stream.end();
          else stream.offer(view);
          stream.version = versions.get(message.id) ?? '';
        }
      }
    }
  }
}
