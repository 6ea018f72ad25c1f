import { Injectable } from '@nestjs/common';
import type { EnclaveHealth } from '@communique-tee/protocol';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { AgentOffers } from '../../features/agents/agent-offers';
import { AttestationMonitor } from '../../features/attestation/attestation-monitor';
import { BudgetService } from '../../features/budget/budget.service';
import { Database } from '../../core/database/database';
import { DeliveryQueue } from '../../features/delivery/delivery-queue';
import { reasonsOf } from '../../features/enclave/enclave-reports';
import type { EnclaveResult } from '../../features/enclave/enclave-result';
import { ProblemError } from '../../core/problems/problem-error';
import { RateLimits } from '../../features/limits/rate-limits';

/** A job overdue for longer shows that the workers are stuck or that the gateway trusts no enclave. An outage of Congress delays no job. */
const MAX_OVERDUE_MS = 60_000;
const CHECK_TIMEOUT_MS = 3000;

/**
 * One indicator for each part that delivery depends on: up, or degraded or down with a stable `code`. Indicators contain no secret, address
 * or outside text.
 */
@Injectable()
export class TeeIndicators {
  constructor(
    private readonly indicator: HealthIndicatorService,
    private readonly monitor: AttestationMonitor,
    private readonly databases: Database,
    private readonly rateLimits: RateLimits,
    private readonly deliveryQueue: DeliveryQueue,
    private readonly budgets: BudgetService,
    private readonly offers: AgentOffers,
  ) {}

  /** Down if no enclave is up and healthy, degraded if only some are. */
  async enclave(): Promise<HealthIndicatorResult> {
    const session = this.indicator.check('enclave');
    const results = await Promise.all(
      this.monitor.enclaves.map(({ client }) => client.health({ signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) })),
    );
    const up = results.map((result) => result.kind === 'answer' && result.answer.healthy);
    const enclaves = this.monitor.views().map(({ index, trusted, keyId }) => {
      const result = results[index];
      const reasons = result?.kind === 'answer' ? reasonsOf(result.answer) : [];
      return { index, up: up[index] ?? false, reasons, trusted, keyId };
    });
    const worst = results[up.indexOf(false)];
    if (worst === undefined)
      return session.up({ enclaveId: results[0]?.kind === 'answer' ? results[0].answer.enclaveId : null, enclaves });
    const why = { ...reasonOf(worst), enclaves };
    return up.includes(true) ? session.degraded(why) : session.down(why);
  }

  /** Down if all enclaves wait for keys. Degraded if some wait, or if an enclave's last KMS call failed. */
  keys(): Promise<HealthIndicatorResult> {
    const session = this.indicator.check('keys');
    const said = this.monitor.enclaves.map((enclave) => ({ enclave, keys: enclave.keys() }));
    const enclaves = said.map(({ enclave, keys }) => ({
      index: enclave.index,
      custody: enclave.custody(),
      state: keys?.state ?? 'unknown',
      keyId: keys?.current ?? enclave.keyId(),
      held: keys?.held?.length ?? null,
      kms: keys?.kms ?? null,
    }));
    const waiting = enclaves.filter(({ state }) => state === 'waiting').length;
    if (waiting > 0) {
      const why = { code: 'keys_not_ready', enclaves };
      return Promise.resolve(waiting === enclaves.length ? session.down(why) : session.degraded(why));
    }
    const failing = enclaves.find(({ kms }) => kms !== null);
    return Promise.resolve(
      failing === undefined ? session.up({ enclaves }) : session.degraded({ code: failing.kms, enclaves }),
    );
  }

  attestation(): Promise<HealthIndicatorResult> {
    const session = this.indicator.check('attestation');
    const state = this.monitor.state();
    switch (state.kind) {
      case 'off':
        return Promise.resolve(session.degraded({ code: 'attestation_not_verified' }));
      case 'starting':
        return Promise.resolve(session.down({ code: 'attestation_not_yet_verified' }));
      case 'waiting':
        return Promise.resolve(session.down({ code: state.code, ageMs: state.ageMs }));
      case 'verified': {
        const { moduleId, pcr0, ageMs } = state;
        return Promise.resolve(
          this.monitor.isTrusted()
            ? session.up({ moduleId, pcr0, ageMs })
            : session.down({ code: 'attestation_stale', ageMs }),
        );
      }
      case 'refused':
        return Promise.resolve(session.down({ code: 'attestation_refused', check: state.code, ageMs: state.ageMs }));
      case 'unreachable':
        return Promise.resolve(session.down({ code: 'enclave_unavailable', cause: state.code, ageMs: state.ageMs }));
    }
  }

  database(): Promise<HealthIndicatorResult> {
    return this.asking('database', async () => {
      // A standby, or a server that was made read-only, answers reads but takes no messages.
      const [{ readOnly }] = await this.databases.read(
        (client) =>
          client.$queryRaw<
            [{ readOnly: boolean }]
          >`SELECT current_setting('transaction_read_only')::boolean AS "readOnly"`,
      );
      return readOnly ? { code: 'database_read_only' } : {};
    });
  }

  redis(): Promise<HealthIndicatorResult> {
    const session = this.indicator.check('redis');
    const { store, degraded, degradedSince } = this.rateLimits.state();
    if (degraded)
      return Promise.resolve(session.down({ code: 'redis_unavailable', since: degradedSince?.toISOString() ?? null }));
    return Promise.resolve(session.up({ store }));
  }

  queue(): Promise<HealthIndicatorResult> {
    return this.asking('queue', async () => {
      const { waiting, overdueMs } = await this.deliveryQueue.state();
      return { waiting: bandOf(waiting), overdueMs, ...(overdueMs > MAX_OVERDUE_MS ? { code: 'queue_overdue' } : {}) };
    });
  }

  budget(): Promise<HealthIndicatorResult> {
    return this.asking('budget', async () => {
      const { stopped, stoppedSince, hour, day, leastMicroUsd } = await this.budgets.state();
      if (stopped) return { code: 'emergency_stop', since: stoppedSince?.toISOString() ?? null };
      const isFull = ({ reservedMicroUsd, spentMicroUsd, capMicroUsd }: typeof hour) =>
        reservedMicroUsd + spentMicroUsd + leastMicroUsd > capMicroUsd;
      if (isFull(hour)) return { code: 'system_hourly_limit_reached', resetsAt: hour.resetsAt.toISOString() };
      return isFull(day) ? { code: 'system_daily_limit_reached', resetsAt: day.resetsAt.toISOString() } : {};
    });
  }

  /** Tasks for models. Never down, because mail works without them. Lists the models that are off, with their providers. */
  async agents(): Promise<HealthIndicatorResult> {
    const session = this.indicator.check('agents');
    const state = this.offers.state();
    if (state === 'off') return session.up({ on: false });
    if (state === 'prices_disagree') return session.degraded({ on: false, code: state });
    if (state === 'not_offered') return session.degraded({ on: false, code: 'agents_not_offered' });
    try {
      const off = [
        ...(await this.offers.modelsOff()).map(({ provider, model, why }) => ({ provider, model, why })),
        ...this.offers.modelsWithoutPrice(new Date()).map((each) => ({ ...each, why: 'no_price' })),
      ];
      return off.length === 0 ? session.up({ on: true }) : session.degraded({ on: true, code: 'models_off', off });
    } catch (error) {
      return session.degraded({ on: true, code: error instanceof ProblemError ? error.code : 'internal_error' });
    }
  }

  /** For indicators that query the database: down with the error's `code`, also if the query does not end in time. */
  private async asking(key: string, ask: () => Promise<Record<string, unknown>>): Promise<HealthIndicatorResult> {
    const session = this.indicator.check(key);
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new ProblemError('database_unavailable'));
        }, CHECK_TIMEOUT_MS);
      });
      const data = await Promise.race([ask(), late]);
      return 'code' in data ? session.down(data) : session.up(data);
    } catch (error) {
      return session.down({ code: error instanceof ProblemError ? error.code : 'internal_error' });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Roughly how many messages wait. An exact count would show an outsider when other people write. */
function bandOf(waiting: number): '0' | 'below_10' | 'below_100' | '100_or_more' {
  if (waiting === 0) return '0';
  if (waiting < 10) return 'below_10';
  return waiting < 100 ? 'below_100' : '100_or_more';
}

function reasonOf(result: EnclaveResult<EnclaveHealth>): { code: string; cause?: string; enclaveId?: string } {
  if (result.kind === 'unreachable') return { code: 'enclave_unavailable', cause: result.code };
  if (result.kind === 'problem') return { code: result.code };
  return { code: reasonsOf(result.answer)[0] ?? 'enclave_unhealthy', enclaveId: result.answer.enclaveId };
}
