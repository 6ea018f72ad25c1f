import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ProblemError } from '../../core/problems/problem-error';
import { EnclaveClients } from '../enclave/enclave-clients';

/** The most configurations that are kept; one more replaces the oldest. No deployment serves as many at once. */
const MAX_KNOWN = 32;
/** When clients request unknown hashes, the gateway asks the enclaves at most once in this time. */
const ASK_AGAIN_MS = 1000;
const RETRY_AFTER_SECONDS = 5;

/**
 * The public configurations of the enclaves, by SHA-256. Every attestation document contains the hash, so a client can check the
 * configuration that the gateway returns.
 */
@Injectable()
export class EnclaveConfigurations {
  /** Encoded configurations by their SHA-256 in hex. */
  private readonly known = new Map<string, Uint8Array>();
  private asking: Promise<void> | undefined;
  private askedAtMs = -Infinity;
  private anyAnswered = false;

  constructor(private readonly clients: EnclaveClients) {}

  /**
   * @param sha256 64 lowercase hexadecimal digits; undefined: the configuration that was fetched last
   * @throws ProblemError `not_found`: no enclave serves it; `enclave_unavailable`: no enclave answered
   */
  async get(sha256: string | undefined): Promise<Uint8Array> {
    const known = this.find(sha256);
    if (known !== undefined) return known;
    if (performance.now() - this.askedAtMs >= ASK_AGAIN_MS || this.asking !== undefined) {
      this.asking ??= this.askAll().finally(() => {
        this.asking = undefined;
      });
      await this.asking;
    }
    const found = this.find(sha256);
    if (found !== undefined) return found;
    if (!this.anyAnswered) throw new ProblemError('enclave_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    throw new ProblemError('not_found');
  }

  private find(sha256: string | undefined): Uint8Array | undefined {
    return sha256 === undefined ? [...this.known.values()].at(-1) : this.known.get(sha256);
  }

  private async askAll(): Promise<void> {
    const results = await Promise.all(this.clients.all.map((client) => client.configuration()));
    this.askedAtMs = performance.now();
    const answers = results.flatMap((result) => (result.kind === 'answer' ? [result.answer] : []));
    this.anyAnswered = answers.length > 0;
    for (const bytes of answers) this.learn(bytes);
  }

  private learn(bytes: Uint8Array): void {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.known.delete(sha256);
    this.known.set(sha256, bytes);
    const oldest = this.known.keys().next();
    if (this.known.size > MAX_KNOWN && !oldest.done) this.known.delete(oldest.value);
  }
}
