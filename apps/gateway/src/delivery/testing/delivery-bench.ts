import { randomBytes } from 'node:crypto';
import { BudgetService } from '../../budget/budget.service';
import { EmergencyStop } from '../../budget/emergency-stop';
import { highestCostOfMessageMicroUsd } from '../../budget/prices';
import type { AttestationMonitor } from '../../attestation/attestation-monitor';
import type { GatewayConfig } from '../../config/gateway-config';
import { Database } from '../../database/database';
import { EnclaveClient } from '../../enclave/enclave-client';
import { Logger } from '../../observability/logger';
import { DeliveryAttempt } from '../delivery-attempt';
import { DeliveryQueue } from '../delivery-queue';
import { DeliverySignal } from '../delivery-signal';
import { DeliveryWorker } from '../delivery-worker';
import { ReceiptJudge } from '../receipt-judge';
import { sealedNoise, sha256 } from './enclave-identity';

export type BenchConfig = Pick<GatewayConfig, 'database' | 'enclave' | 'attestation' | 'delivery' | 'budget'>;

/** The real parts of delivery on a real database, by hand, so that a spec can hold any number of workers. */
export class DeliveryBench {
  readonly lines: string[] = [];
  readonly logger = new Logger({ log: { level: 'debug' } }, { write: (line) => void this.lines.push(line) });
  readonly database: Database;
  readonly budget: BudgetService;
  readonly emergencyStop: EmergencyStop;
  readonly queue: DeliveryQueue;
  private readonly enclaves: EnclaveClient[] = [];
  private readonly workers: DeliveryWorker[] = [];

  constructor(readonly config: BenchConfig) {
    const whole = config as GatewayConfig;
    this.database = new Database(whole);
    this.emergencyStop = new EmergencyStop(this.database, this.logger);
    this.budget = new BudgetService(whole, this.database, this.emergencyStop);
    this.queue = new DeliveryQueue(config, this.database, this.budget);
  }

  enclave(): EnclaveClient {
    const client = new EnclaveClient(this.config);
    this.enclaves.push(client);
    return client;
  }

  /** A worker with a signal of its own; not started. */
  worker(monitor: Pick<AttestationMonitor, 'isTrusted' | 'checkNow' | 'onTrusted'>): { worker: DeliveryWorker; signal: DeliverySignal } {
    const whole = monitor as AttestationMonitor;
    const signal = new DeliverySignal();
    const attempt = new DeliveryAttempt(this.config, this.queue, this.enclave(), new ReceiptJudge(this.config), whole, this.logger);
    const worker = new DeliveryWorker(this.config, this.queue, attempt, whole, signal, this.logger);
    this.workers.push(worker);
    return { worker, signal };
  }

  /** An accepted message, its job and its reservation, as the accepting transaction leaves them. */
  async accept(expiresAt = new Date(Date.now() + 3_600_000)): Promise<{ messageId: string; sealed: Uint8Array }> {
    const { message, sealed, messageId } = sealedNoise(expiresAt);
    const keyId = new Uint8Array(message.keyId);
    const owner = randomBytes(32).toString('base64url');
    await this.database.transaction(async (transaction) => {
      await transaction.message.create({ data: { id: messageId, owner, sealedSha256: new Uint8Array(sha256(sealed)), keyId, expiresAt } });
      await transaction.deliveryJob.create({ data: { messageId, sealed: new Uint8Array(sealed), keyId, expiresAt } });
      await this.budget.reserve(transaction, { owner, messageId, amountMicroUsd: highestCostOfMessageMicroUsd, now: new Date() });
    });
    return { messageId, sealed };
  }

  message(id: string) {
    return this.database.client.message.findUniqueOrThrow({ where: { id }, include: { job: true, reservations: true } });
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.beforeApplicationShutdown()));
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    for (const enclave of this.enclaves) enclave.onApplicationShutdown();
    await this.database.onApplicationShutdown();
  }
}
