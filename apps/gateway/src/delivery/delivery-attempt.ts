import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { AttestationMonitor } from '../attestation/attestation-monitor';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { EnclaveClient } from '../enclave/enclave-client';
import { readReceiptClaims_unverified } from '../enclave/read-receipt-claims';
import { Logger } from '../observability/logger';
import { backoffMs } from './backoff';
import { decide, decideExpired, type Decision } from './decision';
import { DeliveryQueue } from './delivery-queue';
import type { LeasedJob } from './leased-job';
import type { Outcomes } from './outcomes';
import { ReceiptJudge } from './receipt-judge';

const STORE_ATTEMPTS = 5;
const STORE_DELAY_MS = 200;

/** One leased job from its dispatch to what is written about it. */
@Injectable()
export class DeliveryAttempt {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'delivery'>,
    private readonly queue: DeliveryQueue,
    private readonly enclave: EnclaveClient,
    private readonly receipts: ReceiptJudge,
    private readonly monitor: AttestationMonitor,
    private readonly logger: Logger,
  ) {}

  /**
   * @param stopping no new bytes go out once it is aborted; the job is given back
   * @param abandoned an attempt under way is given up; its job keeps `dispatchedAt`
   * @throws ProblemError `database_unavailable`; the lease then runs out and the job is taken up again
   */
  async run(job: LeasedJob, stopping: AbortSignal, abandoned: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const interim = outcomesOf(job.interimReceipt);
    let decision: Decision;
    if (job.expired) {
      decision = decideExpired(job, interim);
    } else {
      if (stopping.aborted || !this.monitor.isTrusted()) return this.queue.release(job);
      if (!(await this.queue.dispatch(job))) return this.lost(job);
      decision = await this.relay(job, interim, abandoned);
    }
    const stored = await this.store(job, decision);
    if (!stored) return this.lost(job);
    const durationMs = Math.round(performance.now() - startedAt);
    const { messageId, attempt } = job;
    if (decision.kind === 'end') this.logger.info({ messageId, attempt, status: decision.status, ...(decision.reason === null ? {} : { reason: decision.reason }), durationMs }, 'message ended');
    else this.logger.info({ messageId, attempt, reason: decision.reason, durationMs }, 'message waits for another attempt');
  }

  private async relay(job: LeasedJob, interim: Outcomes | null, abandoned: AbortSignal): Promise<Decision> {
    const result = await this.enclave.relay(job.sealed, { signal: abandoned });
    if (result.kind !== 'answer') {
      // A restart is seen sooner this way than by the next regular look, and nothing more is sent meanwhile.
      if (result.kind === 'unreachable' && !abandoned.aborted) void this.monitor.checkNow();
      return decide(job, interim, result);
    }
    const judged = await this.receipts.judge(job, result.answer);
    if (judged.ok) return decide(job, interim, { kind: 'answer', trusted: judged.trusted });
    this.logger.error({ messageId: job.messageId, code: judged.code }, 'the receipt of an answer cannot be trusted');
    return decide(job, interim, { kind: 'problem', code: 'enclave_answer_invalid', retryAfterSeconds: null });
  }

  /** Once an answer is there, a database that is away for a moment must not lose it. To write the same twice changes nothing. */
  private async store(job: LeasedJob, decision: Decision): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (decision.kind === 'end') return await this.queue.end(job, decision);
        return await this.queue.retry(job, decision, backoffMs(job.attempt, this.config.delivery, decision.retryAfterSeconds));
      } catch (error) {
        if (attempt >= STORE_ATTEMPTS) throw error;
        await sleep(STORE_DELAY_MS * attempt);
      }
    }
  }

  private lost({ messageId, attempt }: LeasedJob): void {
    this.logger.warn({ messageId, attempt }, 'another worker has this message: nothing was written');
  }
}

function outcomesOf(receipt: string | null): Outcomes | null {
  if (receipt === null) return null;
  return readReceiptClaims_unverified(receipt)?.offices.map(({ outcome }) => outcome) ?? null;
}
