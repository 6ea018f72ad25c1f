import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger } from '../../core/telemetry/logger';
import { Retention } from './retention';

const EVERY_MS = 3_600_000;

/** Deletes old rows at start and every hour. A sweep that fails is logged, and the next one runs as scheduled. */
@Injectable()
export class RetentionSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly retention: Retention,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.start();
    this.timer = setInterval(() => {
      this.start();
    }, EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.running;
  }

  private start(): void {
    this.running ??= this.sweep().finally(() => {
      this.running = undefined;
    });
  }

  private async sweep(): Promise<void> {
    const startedAt = performance.now();
    try {
      const swept = await this.retention.sweep(new Date(), this.stopping.signal);
      if (swept === null) return;
      const durationMs = Math.round(performance.now() - startedAt);
      for (const [component, count] of Object.entries(swept))
        if (count > 0) this.logger.info({ component, count, durationMs }, 'deleted what was kept long enough');
    } catch (error) {
      this.logger.error({ err: error }, 'old rows could not be deleted');
    }
  }
}
