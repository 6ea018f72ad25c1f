import { randomBytes } from 'node:crypto';
import { BudgetService } from '../../budget/budget.service';
import { EmergencyStop } from '../../budget/emergency-stop';
import { acceptMessages } from '../../acceptance/accept-messages';
import type { SubmittedProof } from '../../acceptance/submission';
import { AttestationJudge } from '../../attestation/attestation-judge';
import { AttestationMonitor } from '../../attestation/attestation-monitor';
import type { EnclaveMonitor } from '../../attestation/enclave-monitor';
import type { GatewayConfig } from '../../../core/config/gateway-config';
import { Database } from '../../../core/database/database';
import { EnclaveClients } from '../../enclave/enclave-clients';
import { EnclaveKeys } from '../../keys/enclave-keys';
import { OperatorSecrets } from '../../keys/operator-secrets';
import { ParentCredentials, type FindCredentials } from '../../keys/parent-credentials';
import { SealedKeyStore } from '../../keys/sealed-key-store';
import { Logger } from '../../../core/telemetry/logger';
import { DeliveryAttempt } from '../delivery-attempt';
import { DeliveryQueue } from '../delivery-queue';
import { DeliverySignal } from '../delivery-signal';
import { DeliveryWorker } from '../delivery-worker';
import { ReceiptJudge } from '../receipt-judge';
import { sealedNoise, sha256 } from './enclave-identity';
import { Metrics } from '../../../core/telemetry/metrics';
import { BudgetMetrics } from '../../budget/budget-metrics';
import { EnclaveMetrics } from '../../enclave/enclave-metrics';
import { KeyMetrics } from '../../keys/key-metrics';
import { DeliveryMetrics } from '../delivery-metrics';

/** Replaces the monitor of a single enclave. The spec decides whether the enclave is trusted. */
export type StandInMonitor = Pick<EnclaveMonitor, 'isTrusted' | 'checkNow' | 'onTrusted'>;

export type BenchConfig = Pick<GatewayConfig, 'database' | 'enclave' | 'attestation' | 'delivery' | 'budget'>;

/** The real parts of delivery on a real database, made without Nest, so that a spec can have any number of workers. */
export class DeliveryBench {
  readonly lines: string[] = [];
  readonly logger = new Logger({ log: { level: 'debug' } }, { write: (line) => void this.lines.push(line) });
  readonly metrics = new Metrics();
  readonly database: Database;
  readonly budget: BudgetService;
  readonly emergencyStop: EmergencyStop;
  readonly queue: DeliveryQueue;
  readonly sealedKeys: SealedKeyStore;
  /** Credentials of the parent's role; a spec may replace this. */
  findCredentials: FindCredentials = () => Promise.reject(new Error('there are none'));
  private readonly enclaveMetrics = new EnclaveMetrics(this.metrics);
  private readonly keyMetrics = new KeyMetrics(this.metrics);
  private readonly deliveryMetrics = new DeliveryMetrics(this.metrics);
  private readonly keysOf = new Map<AttestationMonitor, EnclaveKeys>();
  private readonly clients: EnclaveClients[] = [];
  private readonly monitors: AttestationMonitor[] = [];
  private readonly workers: DeliveryWorker[] = [];

  constructor(readonly config: BenchConfig) {
    const whole = config as GatewayConfig;
    this.database = new Database(whole);
    this.emergencyStop = new EmergencyStop(this.database, this.logger);
    this.budget = new BudgetService(whole, this.database, this.emergencyStop, new BudgetMetrics(this.metrics));
    this.queue = new DeliveryQueue(config, this.database, this.budget);
    this.sealedKeys = new SealedKeyStore(this.database);
  }

  /** Makes the real monitor of the configured enclaves, not started. */
  monitor(): AttestationMonitor {
    const made = new AttestationMonitor(this.enclaves(), new AttestationJudge(this.config), this.logger);
    this.monitors.push(made);
    return made;
  }

  /** Makes the part that exchanges keys with the enclaves of this monitor, not started. */
  keys(monitor: AttestationMonitor, secretsFile?: string): EnclaveKeys {
    const known = this.keysOf.get(monitor);
    if (known !== undefined) return known;
    const config = {
      attestation: this.config.attestation,
      keys: { intervalMs: 60_000, ...(secretsFile === undefined ? {} : { secretsFile }) },
    };
    const credentials = new ParentCredentials((options) => this.findCredentials(options), this.logger);
    const made = new EnclaveKeys(
      config,
      monitor,
      this.sealedKeys,
      credentials,
      new OperatorSecrets(config, this.logger),
      this.logger,
      this.keyMetrics,
    );
    this.keysOf.set(monitor, made);
    return made;
  }

  private enclaves(): EnclaveClients {
    const made = new EnclaveClients(this.config, this.enclaveMetrics);
    this.clients.push(made);
    return made;
  }

  /** Makes a worker with a separate signal, not started. */
  worker(trust: AttestationMonitor | StandInMonitor): { worker: DeliveryWorker; signal: DeliverySignal } {
    const whole = this.config as GatewayConfig;
    const monitor = trust instanceof AttestationMonitor ? trust : this.saying(trust);
    const signal = new DeliverySignal();
    const attempt = new DeliveryAttempt(
      whole,
      this.queue,
      new ReceiptJudge(this.config),
      this.keys(monitor),
      this.logger,
      this.deliveryMetrics,
    );
    const worker = new DeliveryWorker(whole, this.queue, attempt, monitor, this.keys(monitor), signal, this.logger);
    this.workers.push(worker);
    return { worker, signal };
  }

  private saying(trust: StandInMonitor): AttestationMonitor {
    const [client] = this.enclaves().all;
    const enclave = {
      index: 0,
      client,
      ...trust,
      takesMessages: trust.isTrusted,
      keepsItsKeysAlone: () => true,
      keyId: () => null,
      heldKeyIds: () => null,
      keys: () => null,
    };
    return { enclaves: [enclave], ...trust } as unknown as AttestationMonitor;
  }

  /** Accepts a message: writes message, job and reservation as in production. A message with a proof has no owner. */
  async accept(
    expiresAt = new Date(Date.now() + 3_600_000),
    sealedTo?: Uint8Array,
    proof: SubmittedProof | null = null,
  ): Promise<{ messageId: string; sealed: Uint8Array }> {
    const { message, sealed, messageId } = sealedNoise(expiresAt, sealedTo);
    const keyId = new Uint8Array(message.keyId);
    const owner = randomBytes(32).toString('base64url');
    const submission = {
      messageId,
      keyId,
      expiresAt,
      sealed: new Uint8Array(sealed),
      sealedSha256: new Uint8Array(sha256(sealed)),
      proof,
    };
    const key = proof === null ? { owner, key: messageId, explicit: false } : null;
    const [result] = await acceptMessages(this.database, [{ submission, key }], this.budget.termsAt(new Date()));
    if (result?.outcome !== 'accepted') throw new Error(result?.outcome);
    return { messageId, sealed };
  }

  async message(id: string) {
    const { client } = this.database;
    const message = await client.message.findUniqueOrThrow({ where: { id }, include: { job: true } });
    return {
      ...message,
      reservations: await client.reservation.findMany({ where: { messageId: id }, orderBy: { reservedAt: 'asc' } }),
    };
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.beforeApplicationShutdown()));
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await Promise.all([...this.keysOf.values()].map((keys) => keys.beforeApplicationShutdown()));
    await Promise.all(this.monitors.map((monitor) => monitor.beforeApplicationShutdown()));
    for (const clients of this.clients) clients.onApplicationShutdown();
    await this.database.onApplicationShutdown();
  }
}
