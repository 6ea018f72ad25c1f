import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { createEnclaveExaminer, failedCheck, type EnclavePolicy } from '@communique-tee/enclave-identity';
import { type PublicConfiguration, toHex } from '@communique-tee/protocol';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import type { EnclaveClient } from '../enclave/enclave-client';

/** Hex of the 16 bytes by which a sealed message names the key it is sealed to. */
export type KeyId = string;

export type Judgement =
  | {
      readonly kind: 'verified';
      readonly moduleId: string;
      readonly pcr0: string;
      readonly documentTimestampMs: number;
      readonly keyId: KeyId;
      readonly custody: string;
      readonly legacyKey?: Uint8Array;
      /** Absent if the enclave did not serve its configuration. */
      readonly configuration?: PublicConfiguration;
    }
  /** The enclave answers, but has no key to attest yet. */
  | { readonly kind: 'waiting'; readonly code: 'keys_not_ready' }
  /** The answer does not come from an accepted enclave. `code` names the check that failed (libs/enclave-identity). */
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unreachable'; readonly code: string };

const NONCE_BYTES = 32;
/** Enough for a large deployment in which each enclave has another configuration. */
const MAX_CONFIGURATIONS = 32;
const MAX_FUTURE_SKEW_MS = 5000;

/** Requests an attestation document with a fresh nonce from an enclave, and checks it against the configured policy. */
@Injectable()
export class AttestationJudge {
  private readonly examiner = createEnclaveExaminer();
  /** Encoded configurations by their SHA-256 in hex. */
  private readonly configurations = new Map<string, Uint8Array>();
  private readonly policy: Omit<EnclavePolicy, 'freshness'> | undefined;

  constructor(@Inject(GATEWAY_CONFIG) { attestation }: Pick<GatewayConfig, 'attestation'>) {
    this.policy = attestation.verify ? policyOf(attestation) : undefined;
  }

  /** Whether verification is switched on. */
  get verifies(): boolean {
    return this.policy !== undefined;
  }

  async judge(enclave: EnclaveClient): Promise<Judgement> {
    if (this.policy === undefined) throw new Error('verification is switched off');
    const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
    const result = await enclave.attestation(nonce);
    if (result.kind === 'unreachable') return { kind: 'unreachable', code: result.code };
    if (result.kind === 'problem' && result.code === 'keys_not_ready') return { kind: 'waiting', code: result.code };
    // An enclave that is busy or stopping counts as unreachable; one whose answer cannot be read is refused.
    if (result.kind === 'problem') {
      const { code } = result;
      return code === 'enclave_answer_invalid' ? { kind: 'refused', code } : { kind: 'unreachable', code };
    }
    const { checks, identity } = await this.examiner.examine(
      { document: result.answer, configuration: (sha256) => this.configurationOf(enclave, sha256) },
      { ...this.policy, freshness: { nonce } },
    );
    if (identity === undefined) return { kind: 'refused', code: failedCheck(checks)?.code ?? 'internal_error' };
    const { attestation, keyId, custody, legacyKey, configuration } = identity;
    return {
      kind: 'verified',
      moduleId: attestation.moduleId,
      pcr0: attestation.pcr0,
      documentTimestampMs: attestation.timestampMs,
      keyId: toHex(keyId),
      custody,
      ...(legacyKey && { legacyKey }),
      ...(configuration && { configuration }),
    };
  }

  /**
   * Returns the configuration with this hash from the cache, or what the enclave serves. The examiner compares the result with the hash.
   * @returns undefined if the enclave does not serve its configuration now
   */
  private async configurationOf(enclave: EnclaveClient, sha256: Uint8Array): Promise<Uint8Array | undefined> {
    const name = toHex(sha256);
    const known = this.configurations.get(name);
    if (known !== undefined) return known;
    const result = await enclave.configuration();
    if (result.kind !== 'answer') return undefined;
    // An enclave that restarted after it made the document may serve another configuration. That one must not be kept under this hash.
    if (createHash('sha256').update(result.answer).digest('hex') === name) this.configurations.set(name, result.answer);
    const oldest = this.configurations.keys().next();
    if (this.configurations.size > MAX_CONFIGURATIONS && !oldest.done) this.configurations.delete(oldest.value);
    return result.answer;
  }
}

function policyOf({
  acceptedMeasurements,
  trustAnchorPem,
  maxAgeMs,
}: GatewayConfig['attestation']): Omit<EnclavePolicy, 'freshness'> {
  return {
    acceptedMeasurements: measurementsOf(acceptedMeasurements),
    maxAgeMs,
    maxFutureSkewMs: MAX_FUTURE_SKEW_MS,
    ...(trustAnchorPem === undefined ? {} : { trustAnchor: unsafeTrustAnchorFromPem(trustAnchorPem) }),
  };
}

/** @throws Error for an empty list: no measurement is accepted by default */
export function measurementsOf(
  accepted: GatewayConfig['attestation']['acceptedMeasurements'],
): EnclavePolicy['acceptedMeasurements'] {
  const [first, ...rest] = accepted;
  if (first === undefined) throw new Error('no accepted measurement is configured');
  return [first, ...rest];
}
