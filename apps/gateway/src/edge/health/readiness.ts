import { Injectable } from '@nestjs/common';
import type { HealthReason } from '@communique-tee/protocol';
import { AttestationMonitor } from '../../features/attestation/attestation-monitor';
import { Database } from '../../core/database/database';
import { EnclaveReports, reasonsOf } from '../../features/enclave/enclave-reports';
import { ProblemError } from '../../core/problems/problem-error';
import { ResidenceAgreement } from '../../features/residence/residence-agreement';
import { ShutdownState } from '../../core/lifecycle/shutdown-state';

/** The result of one database check is used this long, because load balancers ask often. */
const GOOD_FOR_MS = 1000;
const TIMEOUT_MS = 2000;
const RETRY_AFTER_SECONDS = 5;

/** Decides whether load balancers should send new work to this process. */
@Injectable()
export class Readiness {
  private last: { readonly problem: ProblemError | null; readonly goodUntilMs: number } | undefined;
  private checking: Promise<ProblemError | null> | undefined;

  constructor(
    private readonly database: Database,
    private readonly shutdown: ShutdownState,
    private readonly monitor: AttestationMonitor,
    private readonly reports: EnclaveReports,
    private readonly residence: ResidenceAgreement,
  ) {}

  /**
   * `ready` if any enclave has its keys. This does not decide readiness: while all enclaves wait for keys, the gateway still accepts
   * messages.
   */
  keys(): 'ready' | 'waiting' | 'unknown' {
    const states = this.monitor.enclaves.map((enclave) => enclave.keys()?.state ?? 'unknown');
    return (['ready', 'waiting'] as const).find((state) => states.includes(state)) ?? 'unknown';
  }

  /**
   * `healthy` if any enclave reports itself healthy, otherwise the first reason of the first enclave that reported. This does not decide
   * readiness either: accepted messages wait.
   */
  enclave(): 'healthy' | HealthReason | 'enclave_unhealthy' | 'unknown' {
    const known = this.reports.all().filter((health) => health !== null);
    const [first] = known;
    if (first === undefined) return 'unknown';
    return known.some(({ healthy }) => healthy) ? 'healthy' : (reasonsOf(first)[0] ?? 'enclave_unhealthy');
  }

  /**
   * @returns the reason for 503 (`shutting_down` | `residence_disagrees` | `database_unavailable` | `overloaded`), or null if the gateway
   * is ready
   */
  async problem(): Promise<ProblemError | null> {
    if (this.shutdown.draining) return new ProblemError('shutting_down', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    if (this.residence.state() === 'disagrees')
      return new ProblemError('residence_disagrees', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    if (this.last !== undefined && performance.now() < this.last.goodUntilMs) return this.last.problem;
    this.checking ??= this.check().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  private async check(): Promise<ProblemError | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ProblemError>((resolve) => {
      timer = setTimeout(() => {
        resolve(away());
      }, TIMEOUT_MS);
    });
    const problem = await Promise.race([this.ask(), late]);
    clearTimeout(timer);
    this.last = { problem, goodUntilMs: performance.now() + GOOD_FOR_MS };
    return problem;
  }

  /** Asks the database; never rejects. A standby counts as unavailable, because it answers reads but takes no messages. */
  private async ask(): Promise<ProblemError | null> {
    try {
      const [{ readOnly }] = await this.database.read(
        (client) =>
          client.$queryRaw<
            [{ readOnly: boolean }]
          >`SELECT current_setting('transaction_read_only')::boolean AS "readOnly"`,
      );
      return readOnly ? away() : null;
    } catch (error) {
      return error instanceof ProblemError ? error : away(error);
    }
  }
}

function away(cause?: unknown): ProblemError {
  return new ProblemError('database_unavailable', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    ...(cause === undefined ? {} : { cause }),
  });
}
