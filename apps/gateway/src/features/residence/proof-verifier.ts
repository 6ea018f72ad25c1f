import { availableParallelism } from 'node:os';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { PublicInputs } from '@communique-tee/residence';
import { createVerifier, type Verifier, VerifierBusyError } from '@communique-tee/residence/verifier';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { ProblemError } from '../../core/problems/problem-error';
import { Logger } from '../../core/telemetry/logger';

/** A thread verifies about 100 proofs a second and takes 100 MB. */
const MAX_WORKERS = 2;
/** How many proofs may wait. If there are more, the verifier refuses one of the source that has the most. */
const MAX_QUEUED = 64;
/** Retry-After is this time and up to RETRY_SPREAD_SECONDS more, at random, so that refused clients do not retry together. */
const RETRY_AFTER_SECONDS = 1;
const RETRY_SPREAD_SECONDS = 3;

/** Verifies proofs in worker threads. If the gateway takes no proofs, it starts no thread. */
@Injectable()
export class ProofVerifier implements OnModuleInit, OnApplicationShutdown {
  private verifier: Verifier | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'residence'>,
    private readonly logger: Logger,
  ) {}

  /** @throws Error if the proof system or the verification key is not the pinned one; the gateway then does not start */
  async onModuleInit(): Promise<void> {
    if (this.config.residence.mode === 'off') return;
    this.verifier = await createVerifier({
      workers: Math.min(MAX_WORKERS, availableParallelism()),
      maxQueued: MAX_QUEUED,
      onRefused: (reason) => {
        this.logger.info({ reason: reason.replaceAll(/[^A-Za-z0-9_.:-]+/g, '_').slice(0, 100) }, 'proof refused');
      },
    });
  }

  /** The number of proofs that wait, for metrics. */
  get queued(): number {
    return this.verifier?.queued ?? 0;
  }

  /**
   * @param source Sources take turns, so that one with many proofs does not keep the others waiting
   * @returns whether the proof verifies
   * @throws ProblemError `verifier_busy`: the proof was not checked
   */
  async verify(publicInputs: PublicInputs, proof: Uint8Array, source: string): Promise<boolean> {
    if (this.verifier === undefined) throw busy();
    try {
      return (await this.verifier.verify(publicInputs, proof, source)).valid;
    } catch (error) {
      throw error instanceof VerifierBusyError ? busy(error) : error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.verifier?.close();
  }
}

function busy(cause?: unknown): ProblemError {
  return new ProblemError('verifier_busy', {
    retryAfterSeconds: RETRY_AFTER_SECONDS + Math.floor(Math.random() * (RETRY_SPREAD_SECONDS + 1)),
    cause,
  });
}
