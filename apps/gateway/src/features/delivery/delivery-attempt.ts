import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '@communique-tee/protocol';
import type { EnclaveMonitor } from '../attestation/enclave-monitor';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import type { EnclaveResult } from '../enclave/enclave-result';
import { readReceiptClaims_unverified } from '../enclave/read-receipt-claims';
import { EnclaveKeys } from '../keys/enclave-keys';
import { Logger } from '../../core/telemetry/logger';
import { backoffMs } from './backoff';
import { decide, decideExpired, type Decision } from './decision';
import { DeliveryMetrics } from './delivery-metrics';
import { DeliveryQueue } from './delivery-queue';
import type { LeasedJob } from './leased-job';
import type { Outcomes } from './outcomes';
import { ReceiptJudge } from './receipt-judge';
import type { PaceSignal } from './relay-pace';

const STORE_ATTEMPTS = 5;
const STORE_DELAY_MS = 200;

const LEFT_UNSENT = { kind: 'unreachable', sent: false, code: 'ETIMEDOUT' } as const;

/** Handles one leased job from its dispatch to its stored result. */
@Injectable()
export class DeliveryAttempt {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'delivery'>,
    private readonly queue: DeliveryQueue,
    private readonly receipts: ReceiptJudge,
    private readonly keys: EnclaveKeys,
    private readonly logger: Logger,
    private readonly metrics: DeliveryMetrics,
  ) {}

  /**
   * Makes one attempt, and stores its result.
   * @param enclave the enclave to relay to; null if the job is expired, or if no enclave is known to have its key
   * @param stopping once aborted, no relay starts, and the job's lease is released
   * @param abandoned aborts a running relay; the job keeps `dispatchedAt`
   * @param pace receives what the relay showed about the enclave's pace
   * @throws ProblemError `database_unavailable`; the lease then runs out, and a worker leases the job again
   */
  async run(
    job: LeasedJob,
    enclave: EnclaveMonitor | null,
    stopping: AbortSignal,
    abandoned: AbortSignal,
    pace: (signal: PaceSignal) => void,
  ): Promise<void> {
    const startedAt = performance.now();
    const interim = outcomesOf(job.interimReceipt);
    let decision: Decision;
    if (job.expired) {
      decision = decideExpired(job, interim);
    } else if (enclave === null) {
      if (stopping.aborted || !(await this.keys.isRetired(toHex(job.keyId)))) return this.queue.release(job);
      decision = decide(job, interim, { kind: 'problem', code: 'key_retired', retryAfterSeconds: null });
    } else if (await this.isRetiredUnsent(job, enclave)) {
      decision = decide(job, interim, { kind: 'problem', code: 'key_retired', retryAfterSeconds: null });
    } else {
      if (stopping.aborted || !enclave.takesMessages()) return this.queue.release(job);
      const askedAtMs = performance.now();
      if (!(await this.queue.dispatch(job))) {
        this.lost(job);
        return;
      }
      // If the process was suspended, the lease may have ended, and another worker may have the job. Then nothing is sent.
      const inTime = performance.now() - askedAtMs < this.config.delivery.leaseMs;
      decision = inTime ? await this.relay(job, enclave, interim, abandoned, pace) : decide(job, interim, LEFT_UNSENT);
    }
    const stored = await this.store(job, decision);
    if (!stored) {
      this.lost(job);
      return;
    }
    const durationMs = Math.round(performance.now() - startedAt);
    this.metrics.attemptStored(decision, durationMs);
    const { messageId, attempt } = job;
    if (decision.kind === 'end')
      this.logger.info(
        {
          messageId,
          attempt,
          status: decision.status,
          ...(decision.reason === null ? {} : { reason: decision.reason }),
          durationMs,
        },
        'message ended',
      );
    else
      this.logger.info(
        { messageId, attempt, reason: decision.reason, durationMs },
        'message waits for another attempt',
      );
  }

  /**
   * Whether both the enclave's report and the database show the key of a proven, never relayed message as retired. Such a message ends
   * before any byte is sent, so its nullifier becomes free. After a relay, no unsigned answer of the enclave frees the nullifier
   * (DeliveryQueue.end).
   */
  private async isRetiredUnsent(
    { proven, relayedBefore, keyId }: LeasedJob,
    enclave: EnclaveMonitor,
  ): Promise<boolean> {
    if (!proven || relayedBefore || enclave.heldKeyIds()?.includes(toHex(keyId)) !== false) return false;
    return this.keys.isRetired(toHex(keyId));
  }

  private async relay(
    job: LeasedJob,
    enclave: EnclaveMonitor,
    interim: Outcomes | null,
    abandoned: AbortSignal,
    pace: (signal: PaceSignal) => void,
  ): Promise<Decision> {
    const startedAtMs = performance.now();
    const result = await enclave.client.relay(job.sealed, {
      signal: abandoned,
      dispatchedBefore: job.dispatchedBefore,
      interimReceipt: job.interimReceipt,
    });
    pace(paceSignalOf(result, performance.now() - startedAtMs));
    if (result.kind !== 'answer') {
      // The enclave may have restarted. The next regular check would notice that later.
      if (result.kind === 'unreachable' && !abandoned.aborted) void enclave.checkNow();
      if (result.kind === 'problem' && result.code === 'keys_not_ready') {
        void enclave.checkNow();
        this.keys.syncSoon(enclave);
      }
      if (
        result.kind === 'problem' &&
        result.code === 'key_retired' &&
        !(await this.keys.isRetiredBy(enclave, toHex(job.keyId)))
      ) {
        return {
          kind: 'retry',
          reason: 'key_retired',
          retryAfterSeconds: null,
          dispatchStands: job.dispatchedBefore,
          answer: null,
        };
      }
      return decide(job, interim, result);
    }
    const judged = await this.receipts.judge(job, result.answer);
    if (judged.ok) return decide(job, interim, { kind: 'answer', trusted: judged.trusted });
    this.logger.error({ messageId: job.messageId, code: judged.code }, 'the receipt of an answer cannot be trusted');
    return decide(job, interim, { kind: 'problem', code: 'enclave_answer_invalid', retryAfterSeconds: null });
  }

  /** Retries, so that a short outage of the database does not lose an answer. A second write of the same decision has no effect. */
  private async store(job: LeasedJob, decision: Decision): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (decision.kind === 'end') return await this.queue.end(job, decision);
        return await this.queue.retry(
          job,
          decision,
          backoffMs(decision.uncounted === true ? 1 : job.attempt, this.config.delivery, decision.retryAfterSeconds),
        );
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

function paceSignalOf(result: EnclaveResult<unknown>, latencyMs: number): PaceSignal {
  if (result.kind === 'answer') return { kind: 'served', latencyMs };
  if (result.kind === 'problem' && result.code === 'enclave_busy') return { kind: 'busy' };
  return { kind: result.kind === 'unreachable' && result.sent && result.code === 'ETIMEDOUT' ? 'late' : 'nothing' };
}
