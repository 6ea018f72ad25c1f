import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger } from '../../core/telemetry/logger';
import { AgentLedger } from './agent-ledger';
import { AgentMetrics } from './agent-metrics';

/** An attempt without a statement is ended this long after its deadline. Until then an enclave may still remember the reply. */
const OVERDUE_MS = 600_000;

/**
 * Ends overdue attempts about once a minute, one row per transaction. Every gateway does this, and skips rows that another one has locked.
 * It also runs while agents are switched off, because earlier attempts may still be open.
 */
@Injectable()
export class OverdueSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** The mean pause between sweeps. Each pause is 0.75 to 1.25 times as long, so that gateways do not sweep together. */
  readonly timing = { everyMs: 60_000 };
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly ledger: AgentLedger,
    private readonly metrics: AgentMetrics,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** @returns how many attempts it ended, and how. @throws ProblemError `database_unavailable` | `overloaded` */
  async sweep(now = new Date()): Promise<{ charged: number; released: number }> {
    const ended = { charged: 0, released: 0 };
    const overdue = new Date(now.getTime() - OVERDUE_MS);
    while (!this.stopped) {
      const end = await this.ledger.endOverdue(overdue, now);
      if (end === null) break;
      ended[end]++;
      this.metrics.overdueEnded(end);
    }
    if (ended.charged > 0)
      this.logger.warn({ count: ended.charged }, 'tasks without a usage statement were charged in full');
    return ended;
  }

  private schedule(): void {
    if (this.stopped) return;
    const delayMs = this.timing.everyMs * (0.75 + Math.random() / 2);
    this.timer = setTimeout(() => {
      this.running = this.sweepOnce().finally(() => {
        this.schedule();
      });
    }, delayMs).unref();
  }

  private async sweepOnce(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.logger.warn({ err: error }, 'overdue tasks could not be ended');
    }
  }
}
