import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { SharedRedis } from '../../core/redis/shared-redis';
import { type CapReached, COPY_LIFE_MS, STOP_COPY, STOP_KEY, windowCopyKeys } from './cached-refusals';
import { windowsOf } from './windows';

/**
 * Tells the other processes what PostgreSQL has just refused with: the sum it has committed, for COPY_LIFE_MS. Written behind the
 * answer's back, once at a time for each key; where Redis or the database cannot, there is no copy and PostgreSQL is asked again.
 */
@Injectable()
export class BudgetCopies {
  private readonly underWay = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly redis: SharedRedis,
  ) {}

  rememberFull(code: CapReached, owner: string, now: Date): void {
    const { userDay, systemHour } = windowCopyKeys(owner, now);
    const { hour, day } = windowsOf(now);
    if (code === 'user_daily_limit_reached') this.write(userDay, () => this.used('user_day', owner, day));
    else this.write(systemHour, () => this.used('system_hour', '', hour));
  }

  rememberStop(): void {
    this.write(STOP_KEY, () => this.standingStop());
  }

  private write(key: string, read: () => Promise<string | undefined>): void {
    if (!this.redis.usable || this.underWay.has(key)) return;
    this.underWay.add(key);
    void read()
      .then((value) =>
        value === undefined ? undefined : this.redis.ask((redis) => redis.set(key, value, 'PX', COPY_LIFE_MS)),
      )
      .catch(() => undefined) // the next refusal tries again
      .finally(() => this.underWay.delete(key));
  }

  private async used(scope: 'user_day' | 'system_hour', subject: string, startsAt: Date): Promise<string> {
    const row = await this.database.read((client) =>
      client.budgetWindow.findUnique({ where: { scope_subject_startsAt: { scope, subject, startsAt } } }),
    );
    return String((row?.reservedMicroUsd ?? 0n) + (row?.spentMicroUsd ?? 0n));
  }

  private async standingStop(): Promise<string | undefined> {
    const stop = await this.database.read((client) =>
      client.emergencyStop.findFirst({ where: { clearedAt: null }, select: { id: true } }),
    );
    return stop === null ? undefined : STOP_COPY;
  }
}
