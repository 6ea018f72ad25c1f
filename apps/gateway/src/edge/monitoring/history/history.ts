import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { AttestationMonitor } from '../../../features/attestation/attestation-monitor';
import { BudgetService } from '../../../features/budget/budget.service';
import { DeliveryQueue } from '../../../features/delivery/delivery-queue';
import { TeeIndicators } from '../../health/tee-indicators';
import { Logger } from '../../../core/telemetry/logger';
import { Metrics } from '../../../core/telemetry/metrics';
import { bucketsOf, type Buckets, latencyBetween } from './latency';
import {
  INDICATORS,
  type IndicatorName,
  type IndicatorStatus,
  LATENCIES,
  type Latency,
  type LatencyName,
  type Sample,
  SampleRing,
} from './samples';

const INTERVAL_MS = 10_000;
const KEPT_MS = 6 * 3_600_000;
/** Time until the first sample. It is short for a page that is opened at once, but long enough for the first check of the enclave. */
const FIRST_MS = 1000;
const TIMEOUT_MS = 5000;

/**
 * Samples this process and its dependencies every ten seconds and keeps the last six hours in memory, to show since when something is
 * wrong. Each process has its own history, which ends with the process. Metrics are the lasting record.
 */
@Injectable()
export class History implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly kept = { intervalSeconds: INTERVAL_MS / 1000, keptSeconds: KEPT_MS / 1000 };
  private readonly ring = new SampleRing(KEPT_MS / INTERVAL_MS);
  private readonly buckets = new Map<LatencyName, Buckets>();
  private timer: NodeJS.Timeout | undefined;
  private sampling: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly health: TeeIndicators,
    private readonly monitor: AttestationMonitor,
    private readonly budgets: BudgetService,
    private readonly deliveryQueue: DeliveryQueue,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule(FIRST_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.sampling;
  }

  since(ms: number): Sample[] {
    return this.ring.since(ms);
  }

  /** Takes a sample now. Never throws. */
  async sample(): Promise<void> {
    this.sampling ??= this.take()
      .then(
        (sample) => {
          this.ring.add(sample);
        },
        (error: unknown) => {
          this.logger.error({ err: error }, 'a sample of the history could not be taken');
        },
      )
      .finally(() => {
        this.sampling = undefined;
      });
    await this.sampling;
  }

  private schedule(afterMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      void this.sample().then(() => {
        this.schedule(INTERVAL_MS);
      });
    }, afterMs).unref();
  }

  private async take(): Promise<Sample> {
    const atMs = Date.now();
    const [results, queue, budget, latency] = await Promise.all([
      this.indicators(),
      inTime(this.deliveryQueue.state()),
      inTime(this.budgets.state()),
      this.latencies(),
    ]);
    const state = this.monitor.state();
    return {
      atMs,
      indicators: statusesOf(results),
      attestationAgeMs: state.kind === 'verified' ? state.ageMs : null,
      queue,
      budget: budget && { hour: amountsOf(budget.hour), day: amountsOf(budget.day) },
      latency,
    };
  }

  private async indicators(): Promise<Record<IndicatorName, Readonly<Record<string, unknown>>>> {
    const results: HealthIndicatorResult[] = await Promise.all(INDICATORS.map((name) => this.health[name]()));
    return Object.assign({}, ...results) as Record<IndicatorName, Readonly<Record<string, unknown>>>;
  }

  private async latencies(): Promise<Record<LatencyName, Latency>> {
    const entries = await Promise.all(
      LATENCIES.map(async (name) => {
        const after = await bucketsOf(this.metrics.registry, name);
        const latency = latencyBetween(this.buckets.get(name) ?? new Map<number, number>(), after);
        this.buckets.set(name, after);
        return [name, latency] as const;
      }),
    );
    return Object.fromEntries(entries) as Record<LatencyName, Latency>;
  }
}

/** Resolves to null if the database is away or late; the indicator `database` reports that. */
async function inTime<State>(asked: Promise<State>): Promise<State | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, TIMEOUT_MS, null);
  });
  try {
    return await Promise.race([asked, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the status of each indicator. Exported for its spec. */
export function statusesOf(results: Record<IndicatorName, Readonly<Record<string, unknown>>>): Sample['indicators'] {
  const statusOf = (name: IndicatorName): IndicatorStatus => {
    const { status, store } = results[name];
    // The store is also in memory while a configured Redis is away, but then the status is `down`
    if (name === 'redis' && status === 'up' && store === 'memory') return 'unused';
    return status === 'up' || status === 'degraded' ? status : 'down';
  };
  return Object.fromEntries(INDICATORS.map((name) => [name, statusOf(name)])) as Sample['indicators'];
}

type Window = Awaited<ReturnType<BudgetService['state']>>['hour'];

function amountsOf({ reservedMicroUsd, spentMicroUsd, capMicroUsd }: Window) {
  return { reservedMicroUsd, spentMicroUsd, capMicroUsd };
}
