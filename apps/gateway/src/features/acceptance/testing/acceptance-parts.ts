import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { GatewayConfig } from '../../../core/config/gateway-config';
import { Database } from '../../../core/database/database';
import { SharedRedis } from '../../../core/redis/shared-redis';
import { Logger } from '../../../core/telemetry/logger';
import { Metrics } from '../../../core/telemetry/metrics';
import { BudgetMetrics } from '../../budget/budget-metrics';
import { BudgetService } from '../../budget/budget.service';
import { CachedRefusals } from '../../budget/cached-refusals';
import { EmergencyStop } from '../../budget/emergency-stop';
import { Acceptance } from '../acceptance';
import type { Submission } from '../submission';

export interface SpendRequest {
  readonly owner: string;
  readonly amountMicroUsd: bigint;
  readonly now: Date;
}

/** Creates the gateway's real services for acceptance and settlement. They do not need Nest, so a test can create several gateways. */
export function acceptanceParts(config: GatewayConfig) {
  const logger = new Logger({ log: { level: 'silent' } }, { write: () => undefined });
  const database = new Database(config);
  const redis = new SharedRedis(config, logger);
  const emergencyStop = new EmergencyStop(database, logger);
  const metrics = new BudgetMetrics(new Metrics());
  const budget = new BudgetService(config, database, emergencyStop, metrics);
  const refusals = new CachedRefusals(redis);

  /**
   * Accepts a random message.
   * @returns the message's id
   * @throws ProblemError as Acceptance does
   */
  async function spend({ owner, amountMicroUsd, now }: SpendRequest): Promise<string> {
    class OtherTerms extends BudgetService {
      override termsAt() {
        return { ...super.termsAt(now), amountMicroUsd };
      }
    }
    const terms = new OtherTerms(config, database, emergencyStop, metrics);
    const submission = noise({ expiresAt: now });
    const key = { owner, key: submission.messageId, explicit: false };
    await new Acceptance(database, terms, emergencyStop, refusals).accept(submission, key);
    return submission.messageId;
  }

  return {
    config,
    logger,
    database,
    redis,
    emergencyStop,
    budget,
    acceptance: new Acceptance(database, budget, emergencyStop, refusals),
    spend,
  };
}

/** A random submission in its stored form, which no enclave can open. */
export function noise(over: Partial<Submission> = {}): Submission {
  const sealed = new Uint8Array(randomBytes(64));
  return {
    messageId: randomUUID(),
    keyId: new Uint8Array(randomBytes(16)),
    expiresAt: new Date(Date.now() + 3_600_000),
    sealed,
    sealedSha256: new Uint8Array(createHash('sha256').update(sealed).digest()),
    proof: null,
    ...over,
  };
}
