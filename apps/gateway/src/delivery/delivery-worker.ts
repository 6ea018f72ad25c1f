import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { AttestationMonitor } from '../attestation/attestation-monitor';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { Logger } from '../observability/logger';
import { DeliveryAttempt } from './delivery-attempt';
import { DeliveryQueue } from './delivery-queue';
import { DeliverySignal } from './delivery-signal';
import type { LeasedJob } from './leased-job';

/** How long attempts under way may take to end by themselves once the process is asked to stop. */
const GRACE_MS = 10_000;

/** Keeps up to `delivery.concurrency` attempts under way. README.md beside this file says what is guaranteed. */
@Injectable()
export class DeliveryWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly name = randomUUID();
  private leases = 0;
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly abandoned = new AbortController();
  private loop: Promise<void> | undefined;
  private woken = false;
  private wake: () => void = () => undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'delivery'>,
    private readonly queue: DeliveryQueue,
    private readonly attempt: DeliveryAttempt,
    private readonly monitor: AttestationMonitor,
    private readonly signal: DeliverySignal,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.signal.onNotify(() => { this.lookAgain(); });
    this.monitor.onTrusted(() => { this.lookAgain(); });
    this.loop = this.work();
  }

  /** Leases nothing more, waits for what is under way, gives up what takes too long: its answer will be asked for again. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.lookAgain();
    const timer = setTimeout(() => { this.abandoned.abort(); }, GRACE_MS);
    await this.loop;
    await Promise.all(this.running);
    clearTimeout(timer);
  }

  private async work(): Promise<void> {
    let databaseAway = false;
    while (!this.stopping.signal.aborted) {
      this.woken = false;
      let taken = 0;
      try {
        taken = await this.takeUp();
        if (databaseAway) this.logger.info({}, 'the queue can be read again');
        databaseAway = false;
      } catch (error) {
        if (!databaseAway) this.logger.error({ err: error }, 'the queue cannot be read');
        databaseAway = true;
      }
      if (taken === 0) await this.pause();
    }
  }

  private async takeUp(): Promise<number> {
    const free = this.config.delivery.concurrency - this.running.size;
    if (free <= 0) return 0;
    // A name of its own for each lease: an answer that comes late to this very process is late as well.
    const jobs = await this.queue.lease(free, `${this.name}-${(++this.leases).toString(36)}`, this.monitor.isTrusted());
    for (const job of jobs) this.start(job);
    return jobs.length;
  }

  private start(job: LeasedJob): void {
    const attempt: Promise<void> = this.attempt
      .run(job, this.stopping.signal, this.abandoned.signal)
      .catch((error: unknown) => { this.logger.error({ messageId: job.messageId, err: error }, 'an attempt could not be written down: its lease runs out'); })
      .finally(() => {
        this.running.delete(attempt);
        this.lookAgain();
      });
    this.running.add(attempt);
  }

  private lookAgain(): void {
    this.woken = true;
    this.wake();
  }

  /** Until something calls, an attempt ends, or `pollMs` have passed. */
  private pause(): Promise<void> {
    if (this.woken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.config.delivery.pollMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
