import { Inject, Injectable } from '@nestjs/common';
import { readAttestation_unverified, type UnverifiedAttestation } from '@communique-tee/attestation';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { EnclaveClient } from '../enclave/enclave-client';
import type { EnclaveResult } from '../enclave/enclave-result';
import { ProblemError } from '../http/problem-error';

/** A document of the right shape. Whether it is to be trusted is the client's to judge: nothing here was verified. */
export interface UnjudgedDocument {
  readonly document: Uint8Array;
  readonly content: UnverifiedAttestation;
}

/** The NSM serialises its requests: beyond this many at once, who asks with a nonce is told to come back. */
const MAX_IN_FLIGHT = 32;
const RETRY_AFTER_SECONDS = 5;

/** Documents for clients: fresh ones for a nonce, and one that many share for those who bring none. */
@Injectable()
export class AttestationDocuments {
  private cached: { readonly document: UnjudgedDocument; readonly goodUntilMs: number } | undefined;
  private refreshing: Promise<UnjudgedDocument> | undefined;
  private inFlight = 0;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'attestation'>,
    private readonly enclave: EnclaveClient,
  ) {}

  /**
   * A document made for this nonce (16 to 64 bytes).
   * @throws ProblemError `enclave_unavailable` | `enclave_timeout` | `enclave_busy` | `enclave_answer_invalid`
   */
  async fresh(nonce: Uint8Array): Promise<UnjudgedDocument> {
    if (this.inFlight >= MAX_IN_FLIGHT) throw new ProblemError('enclave_busy', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    this.inFlight++;
    try {
      return await this.fetch(nonce);
    } finally {
      this.inFlight--;
    }
  }

  /**
   * A document without a nonce, at most `attestation.cacheMs` old; however many ask, the enclave is asked once at a time.
   * @throws ProblemError as `fresh`
   */
  async shared(): Promise<UnjudgedDocument> {
    if (this.cached !== undefined && performance.now() < this.cached.goodUntilMs) return this.cached.document;
    this.refreshing ??= this.refresh().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async refresh(): Promise<UnjudgedDocument> {
    const document = await this.fetch();
    this.cached = { document, goodUntilMs: performance.now() + this.config.attestation.cacheMs };
    return document;
  }

  private async fetch(nonce?: Uint8Array): Promise<UnjudgedDocument> {
    const document = answerOf(await this.enclave.attestation(nonce));
    let content: UnverifiedAttestation;
    try {
      content = readAttestation_unverified(document);
    } catch (cause) {
      throw new ProblemError('enclave_answer_invalid', { detail: 'What the enclave gave is not an attestation document.', cause });
    }
    if (!sameBytes(content.nonce, nonce)) throw new ProblemError('enclave_answer_invalid', { detail: 'The document was made for another nonce.' });
    return { document, content };
  }
}

function answerOf(result: EnclaveResult<Uint8Array>): Uint8Array {
  if (result.kind === 'answer') return result.answer;
  if (result.kind === 'unreachable') throw new ProblemError(result.code === 'ETIMEDOUT' && result.sent ? 'enclave_timeout' : 'enclave_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
  if (result.code === 'enclave_answer_invalid') throw new ProblemError('enclave_answer_invalid');
  const code = result.code === 'enclave_busy' ? 'enclave_busy' : 'enclave_unavailable';
  throw new ProblemError(code, { retryAfterSeconds: result.retryAfterSeconds ?? RETRY_AFTER_SECONDS });
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
