import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { Logger } from '../../core/telemetry/logger';

/** While a row of the table is not cleared, no process reserves money. Accepted messages are still relayed. */
@Injectable()
export class EmergencyStop {
  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
  ) {}

  /**
   * Raises the stop, but only once if calls are simultaneous (a partial unique index allows one row that is not cleared). It waits for
   * unfinished reservations. After it returns, no reservation is committed. Call it outside of any transaction that reserves.
   */
  async raise(reason: string): Promise<void> {
    const raised = await this.database.read((client) =>
      client.emergencyStop.createMany({ data: [{ reason }], skipDuplicates: true }),
    );
    if (raised.count > 0)
      this.logger.error({}, 'emergency stop raised: all spending is refused until an operator clears it');
  }

  /** The stop that applies now, or null. */
  async current(): Promise<{ raisedAt: Date; reason: string } | null> {
    return this.database.read((client) =>
      client.emergencyStop.findFirst({ where: { clearedAt: null }, select: { raisedAt: true, reason: true } }),
    );
  }
}
