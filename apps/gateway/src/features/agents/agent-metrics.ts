import { PROVIDERS, type UsageStatement } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { Metrics } from '../../core/telemetry/metrics';

/** Reasons for an operator to act. All except `above_reservation` are ends of an attempt. */
export const AGENT_ALARMS = [
  'quota',
  'funds',
  'key',
  'location',
  'model',
  'request',
  'free_tier',
  'tier_mismatch',
  'above_reservation',
] as const;
export type AgentAlarm = (typeof AGENT_ALARMS)[number];

/** Metrics by provider, model and end. They cannot be by kind of task, because the task is sealed. */
@Injectable()
export class AgentMetrics {
  private readonly attempts;
  private readonly tokens;
  private readonly microUsd;
  private readonly alarms;
  private readonly refusedStatements;
  private readonly overdue;

  constructor(metrics: Metrics) {
    this.attempts = metrics.counter(
      'communique_agent_attempts_total',
      'Attempts at a model that this process settled on a verified statement.',
      ['provider', 'model', 'end'],
    );
    this.tokens = metrics.counter(
      'communique_agent_tokens_total',
      'Tokens of settled attempts, by kind: input, cached, cacheWrittenShort, cacheWrittenLong, output, thinking.',
      ['provider', 'model', 'end', 'kind'],
    );
    this.microUsd = metrics.counter('communique_agent_micro_usd_total', 'Cost of settled attempts, in micro-dollars.', [
      'provider',
      'model',
      'end',
    ]);
    this.alarms = metrics.counter(
      'communique_agent_alarms_total',
      'Attempts after which an operator has to look at a provider or a model.',
      ['provider', 'alarm'],
    );
    this.refusedStatements = metrics.counter(
      'communique_agent_statements_refused_total',
      'Usage statements that did not verify, or are not for the attempt.',
    );
    this.overdue = metrics.counter(
      'communique_agent_overdue_total',
      'Attempts without a statement that this process ended: charged in full, or released where their bytes never left.',
      ['end'],
    );
    // Each series starts at zero, because a collector that computes differences would miss the first increase.
    for (const provider of PROVIDERS) for (const alarm of AGENT_ALARMS) this.alarms.inc({ provider, alarm }, 0);
    for (const end of ['charged', 'released']) this.overdue.inc({ end }, 0);
    this.refusedStatements.inc(0);
  }

  settled({ provider, model, end, usage }: UsageStatement, costMicroUsd: bigint, alarms: readonly AgentAlarm[]): void {
    this.attempts.inc({ provider, model, end });
    this.microUsd.inc({ provider, model, end }, Number(costMicroUsd));
    for (const [name, count] of Object.entries(usage ?? {}))
      this.tokens.inc({ provider, model, end, kind: name }, count);
    for (const alarm of alarms) this.alarms.inc({ provider, alarm });
  }

  statementRefused(): void {
    this.refusedStatements.inc();
  }

  overdueEnded(end: 'charged' | 'released'): void {
    this.overdue.inc({ end });
  }
}
