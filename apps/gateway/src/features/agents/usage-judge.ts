import { PRICE_TABLE } from '@communique-tee/agents';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { createEnclaveExaminer } from '@communique-tee/enclave-identity';
import type { AgentReply, Provider, UsageStatement } from '@communique-tee/protocol';
import { ReceiptError, verifyUsageStatement } from '@communique-tee/receipts';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { measurementsOf } from '../attestation/attestation-judge';
import type { PostedTask } from './read-agent-request';

/** The attempt for which a reservation was made. */
export interface ReservedAttempt {
  readonly attempt: 1 | 2;
  readonly modelClass: string;
  readonly provider: string;
  readonly model: string;
  readonly reservedMicroUsd: bigint;
}

export type StatementJudgement =
  | { readonly ok: true; readonly claims: UsageStatement; readonly costMicroUsd: bigint }
  /** `code` is the error code of the failed check (libs/receipts). */
  | { readonly ok: false; readonly code: string };

/** Accepts the cost of an attempt only if its usage statement passes the checks that a sender makes. */
@Injectable()
export class UsageJudge {
  private readonly examiner = createEnclaveExaminer();
  private readonly attestation: GatewayConfig['attestation'];

  constructor(@Inject(GATEWAY_CONFIG) { attestation }: Pick<GatewayConfig, 'attestation'>) {
    this.attestation = attestation;
  }

  /**
   * Checks the signature under an attested receipt key, the measurement, time, request, attempt, model and price table, and the cost by
   * that table.
   */
  async judge(
    { requestId, sha256, request }: PostedTask,
    attempt: ReservedAttempt,
    { statement, attestationDocument }: Pick<AgentReply, 'statement' | 'attestationDocument'>,
  ): Promise<StatementJudgement> {
    const { trustAnchorPem, acceptedMeasurements } = this.attestation;
    try {
      const { claims } = await verifyUsageStatement(
        { statement, attestationDocument },
        {
          verifyEnclave: this.examiner.verify,
          acceptedMeasurements: measurementsOf(acceptedMeasurements),
          ...(trustAnchorPem === undefined ? {} : { trustAnchor: unsafeTrustAnchorFromPem(trustAnchorPem) }),
        },
        {
          requestId,
          requestSha256: sha256,
          attempt: attempt.attempt,
          modelClass: attempt.modelClass,
          // The row names a provider that was configured when the row was written.
          provider: attempt.provider as Provider,
          model: attempt.model,
          maxOutputTokens: request.maxOutputTokens,
          ciphertextBytes: request.sealed.ciphertext.length,
          prices: PRICE_TABLE,
        },
      );
      return { ok: true, claims, costMicroUsd: BigInt(claims.cost_micro_usd) };
    } catch (error) {
      if (error instanceof ReceiptError) return { ok: false, code: error.code };
      throw error;
    }
  }
}
