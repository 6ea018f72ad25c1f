import { Inject, Injectable } from '@nestjs/common';
import { unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation';
import { createEnclaveExaminer } from '@communique-tee/enclave-identity';
import { toBase64Url, type ReceiptClaims, type RelayAnswer } from '@communique-tee/protocol';
import { ReceiptError, verifyReceipt } from '@communique-tee/receipts';
import { measurementsOf } from '../attestation/attestation-judge';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { readReceiptClaims_unverified } from '../enclave/read-receipt-claims';
import type { TrustedAnswer } from './decision';
import type { LeasedJob } from './leased-job';

export type ReceiptJudgement =
  { readonly ok: true; readonly trusted: TrustedAnswer } | { readonly ok: false; readonly code: string };

/** An enclave sends the same document with every receipt until it makes a new one, so verified documents are cached. */
const MAX_DOCUMENTS = 64;

/** Accepts an answer's outcomes only if its receipt passes the checks that a sender makes. */
@Injectable()
export class ReceiptJudge {
  private readonly examiner = createEnclaveExaminer({ maxRememberedDocuments: MAX_DOCUMENTS });
  private readonly attestation: GatewayConfig['attestation'];
  private readonly trustAnchor: TrustAnchor | undefined;

  constructor(@Inject(GATEWAY_CONFIG) { attestation }: Pick<GatewayConfig, 'attestation'>) {
    this.attestation = attestation;
    const { trustAnchorPem } = attestation;
    this.trustAnchor = trustAnchorPem === undefined ? undefined : unsafeTrustAnchorFromPem(trustAnchorPem);
  }

  /**
   * Checks the receipt's signature, the enclave's measurement, the time, the message id and the hash of the sealed bytes. Also checks that
   * the answer's state matches the receipt. If verification is off, it checks only message id, hash and state.
   */
  async judge(job: Pick<LeasedJob, 'messageId' | 'sealedSha256'>, answer: RelayAnswer): Promise<ReceiptJudgement> {
    let claims: ReceiptClaims;
    try {
      claims = this.attestation.verify ? await this.verified(job, answer) : this.unverified(job, answer);
    } catch (error) {
      if (error instanceof ReceiptError) return { ok: false, code: error.code };
      throw error;
    }
    const outcomes = claims.offices.map(({ outcome }) => outcome);
    if ((answer.state === 'pending') !== outcomes.includes('pending'))
      return { ok: false, code: 'state_contradicts_receipt' };
    if (answer.withheld > outcomes.filter((outcome) => outcome === 'pending').length)
      return { ok: false, code: 'state_contradicts_receipt' };
    return { ok: true, trusted: { answer, outcomes } };
  }

  private async verified(
    { messageId, sealedSha256 }: Pick<LeasedJob, 'messageId' | 'sealedSha256'>,
    answer: RelayAnswer,
  ): Promise<ReceiptClaims> {
    const { acceptedMeasurements } = this.attestation;
    const receipt = {
      receipt: answer.receipt,
      attestation_document: Buffer.from(answer.attestationDocument).toString('base64'),
    };
    const { claims } = await verifyReceipt(receipt, {
      verifyEnclave: this.examiner.verify,
      acceptedMeasurements: measurementsOf(acceptedMeasurements),
      ...(this.trustAnchor && { trustAnchor: this.trustAnchor }),
      messageId,
      sealedSha256,
    });
    return claims;
  }

  private unverified(
    { messageId, sealedSha256 }: Pick<LeasedJob, 'messageId' | 'sealedSha256'>,
    answer: RelayAnswer,
  ): ReceiptClaims {
    const claims = readReceiptClaims_unverified(answer.receipt);
    if (claims === undefined) throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'not a receipt');
    if (claims.message_id !== messageId || claims.sealed_sha256 !== toBase64Url(sealedSha256))
      throw new ReceiptError('ERR_RECEIPT_OTHER_MESSAGE', 'the receipt is for another message');
    return claims;
  }
}
