import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Counter } from 'prom-client';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../config/gateway-config';
import { allowedFields, type LogFields } from '../log-fields';
import { Logger } from '../logger';
import { Metrics } from '../metrics';
import { currentRequestId } from '../request-context';
import { errorEvent, type NotedError, type Program } from './error-event';
import { runningProgram } from './program';
import { ReportBudget } from './report-budget';
import { CRASH, isExpected, isReportedEvent } from './reported-events';
import { SentryTransport, type SentOutcome } from './sentry-transport';

/** The most errors that one turn of the event loop may leave to be examined. */
const MAX_NOTED = 64;
const FLUSH_MS = 2000;

export type ReportsConfig = Pick<GatewayConfig, 'errorReports' | 'environment'>;

/** Counts unexpected errors (reported-events.ts lists their log lines) and reports them to SENTRY_DSN if that is set (README.md). */
@Injectable()
export class ErrorReports implements OnApplicationShutdown {
  private readonly sender:
    { readonly transport: SentryTransport; readonly program: Program; readonly count: Counter<'outcome'> } | undefined;
  private readonly unexpected: Counter;
  private readonly budget = new ReportBudget();
  private noted: NotedError[] = [];
  private scheduled = false;
  private away = false;

  constructor(
    @Inject(GATEWAY_CONFIG) config: ReportsConfig,
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.unexpected = metrics.counter(
      'communique_unexpected_errors_total',
      'Unexpected errors, whether or not they are reported.',
    );
    logger.onError((fields, event) => {
      this.note(fields, event);
    });
    if (config.errorReports === undefined) return;
    const count = new Counter({
      name: 'communique_error_reports_total',
      help: 'Unexpected errors, by what became of their reports.',
      labelNames: ['outcome'],
      registers: [metrics.registry],
    });
    this.sender = {
      count,
      transport: new SentryTransport(config.errorReports, (outcome) => {
        this.heard(outcome, count);
      }),
      program: { ...runningProgram(), environment: config.environment },
    };
  }

  /** Sends the last noted errors, within a time limit. */
  async onApplicationShutdown(): Promise<void> {
    if (this.sender === undefined) return;
    this.send();
    await this.sender.transport.close(FLUSH_MS);
  }

  /**
   * Never throws. Examines the error later (`setImmediate`), so that the request does not wait; after a crash, examines it at once.
   */
  private note(fields: LogFields, event: string): void {
    if (!isReportedEvent(event) || isExpected(fields)) return;
    this.unexpected.inc();
    if (this.sender === undefined) return;
    const crashes = event === CRASH;
    if (this.noted.length >= MAX_NOTED && !crashes) {
      this.sender.count.inc({ outcome: 'dropped' });
      return;
    }
    const { err, ...others } = fields;
    this.noted.push({ event, err, fields: allowedFields(others), requestId: currentRequestId(), atMs: Date.now() });
    if (crashes) {
      this.sender.transport.sendBlocking(this.eventsToSend(), FLUSH_MS);
    } else if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => {
        this.send();
      });
    }
  }

  private send(): void {
    for (const event of this.eventsToSend()) this.sender?.transport.send(event);
  }

  private eventsToSend(): ReturnType<typeof errorEvent>[] {
    const { noted, sender } = this;
    this.noted = [];
    this.scheduled = false;
    if (sender === undefined) return [];
    return noted.flatMap((each) => {
      const event = errorEvent(each, sender.program);
      const suppressed = this.budget.take(event.fingerprint.join('\n'), performance.now());
      if (suppressed !== null) return [{ ...event, ...(suppressed === 0 ? {} : { extra: { suppressed } }) }];
      sender.count.inc({ outcome: 'suppressed' });
      return [];
    });
  }

  /** Counts the outcome of one report, and logs once for each outage. */
  private heard(outcome: SentOutcome, count: Counter<'outcome'>): void {
    count.inc({ outcome });
    if (outcome === 'failed' && !this.away)
      this.logger.warn({}, 'error reports fail: SENTRY_DSN cannot be reached or refuses them');
    if (outcome === 'sent' && this.away) this.logger.info({}, 'error reports succeed again');
    if (outcome !== 'dropped') this.away = outcome === 'failed';
  }
}
