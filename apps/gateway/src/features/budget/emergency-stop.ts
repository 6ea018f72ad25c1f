import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { Logger } from '../../core/telemetry/logger';

/** The durable switch: while one row is not cleared, nothing is spent by any process. */
@Injectable()
export class EmergencyStop {
  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
  ) {}

  /**
   * Raises the stop, once however many ask at the same time (a partial unique index holds one standing row). It waits for the reservations
   * under way, and none is committed after it. Call it outside of any transaction that reserves.
   */
  async raise(reason: string): Promise<void> {
    const raised = await this.database.read((client) =>
      client.emergencyStop.createMany({ data: [{ reason }], skipDuplicates: true }),
    );
    if (raised.count > 0)
      this.logger.error({}, 'emergency stop raised: all spending is refused until an operator clears it');
  }

  /** The standing stop, or null. */
  async standing(): Promise<{ raisedAt: Date; reason: string } | null> {
    return this.database.read((client) =>
      client.emergencyStop.findFirst({ where: { clearedAt: null }, select: { raisedAt: true, reason: true } }),
    );
  }
}
