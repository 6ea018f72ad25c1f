import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { Metrics, sharedReading } from '../../core/telemetry/metrics';
import { AgentOffers } from './agent-offers';

interface Open {
  readonly open: number;
  readonly overdue: number;
  readonly off: number;
}

/**
 * Gauges read from the database, without a value while it is unreachable. Every gateway reports the same values, so aggregate them with
 * max, not with sum.
 */
@Injectable()
export class AgentGauges {
  constructor(metrics: Metrics, database: Database, offers: AgentOffers) {
    const reading = sharedReading(() =>
      database.read(async (client) => {
        const [row] = await client.$queryRaw<[Open]>`
          SELECT count(*)::int AS open, (count(*) FILTER (WHERE deadline_at < now()))::int AS overdue,
            (SELECT count(*)::int FROM agent_model_off WHERE cleared_at IS NULL) AS off
          FROM agent_reservation WHERE state = 'reserved'`;
        return row;
      }),
    );
    metrics.readingGauge(
      'communique_agent_reservations_open',
      'Attempts at a model that are still open: not yet settled, released or charged.',
      reading,
      ({ open }) => open,
    );
    metrics.readingGauge(
      'communique_agent_reservations_overdue',
      'Open attempts whose deadline has passed. Ten minutes later they are charged, or released if their bytes never left.',
      reading,
      ({ overdue }) => overdue,
    );
    metrics.readingGauge(
      'communique_agent_models_off',
      'Models, or whole providers, that are off until an operator clears them, and models without a price on this day.',
      reading,
      ({ off }) => off + offers.modelsWithoutPrice(new Date()).length,
    );
  }
}
