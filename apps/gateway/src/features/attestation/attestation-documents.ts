import { Inject, Injectable } from '@nestjs/common';
import { readAttestation_unverified, type UnverifiedAttestation } from '@communique-tee/attestation';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import type { EnclaveResult } from '../enclave/enclave-result';
import { ProblemError } from '../../core/problems/problem-error';
import { AttestationMonitor } from './attestation-monitor';
import type { EnclaveMonitor } from './enclave-monitor';

/** A document of the right form that the gateway did not verify. The client decides whether to trust the document. */
export interface UnverifiedDocument {
  readonly document: Uint8Array;
  readonly content: UnverifiedAttestation;
}

/** The most requests with a nonce that run at one enclave; its NSM handles one at a time. Further clients get `enclave_busy`. */
const MAX_IN_FLIGHT = 32;
const RETRY_AFTER_SECONDS = 5;

interface EnclaveSlot {
  readonly enclave: EnclaveMonitor;
  cached?: { readonly document: UnverifiedDocument; readonly goodUntilMs: number; readonly keyId: string | null };
  refreshing?: Promise<UnverifiedDocument> | undefined;
  inFlight: number;
  /** The value of a counter at the enclave's last request. Among equally busy enclaves, the one with the lowest value is next. */
  turn: number;
}

/**
 * Gets documents for clients: a fresh one for each nonce, and one cached document per enclave for clients without a nonce. The least busy
 * trusted enclave answers; equally busy ones take turns, so that messages spread over their keys. If none is trusted, any enclave may
 * answer, because clients verify anyway.
 */
@Injectable()
export class AttestationDocuments {
  private readonly slots: readonly EnclaveSlot[];
  private turns = 0;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'attestation'>,
    monitor: AttestationMonitor,
  ) {
    this.slots = monitor.enclaves.map((enclave) => ({ enclave, inFlight: 0, turn: 0 }));
  }

  /**
   * Requests a document for this nonce (16 to 64 bytes).
   * @throws ProblemError `enclave_unavailable` | `enclave_timeout` | `enclave_busy` | `keys_not_ready` | `enclave_answer_invalid`
   */
  fresh(nonce: Uint8Array): Promise<UnverifiedDocument> {
    return this.fromAny(async (slot) => {
      if (slot.inFlight >= MAX_IN_FLIGHT)
        throw new ProblemError('enclave_busy', { retryAfterSeconds: RETRY_AFTER_SECONDS });
      slot.inFlight++;
      try {
        return await fetchFrom(slot, nonce);
      } finally {
        slot.inFlight--;
      }
    });
  }

  /**
   * Returns a document without a nonce, fetched at most `attestation.cacheMs` ago; the enclave may have made it up to ten seconds
   * before that. As far as the gateway knows, the enclave still has the key that the document attests. Concurrent callers share one request
   * to an enclave.
   * @throws ProblemError as `fresh`
   */
  shared(): Promise<UnverifiedDocument> {
    return this.fromAny((slot) => {
      const { cached, enclave } = slot;
      if (cached !== undefined && performance.now() < cached.goodUntilMs && cached.keyId === enclave.keyId())
        return Promise.resolve(cached.document);
      slot.refreshing ??= this.refresh(slot).finally(() => {
        slot.refreshing = undefined;
      });
      return slot.refreshing;
    });
  }

  private async refresh(slot: EnclaveSlot): Promise<UnverifiedDocument> {
    const keyId = slot.enclave.keyId();
    const document = await fetchFrom(slot);
    slot.cached = { document, goodUntilMs: performance.now() + this.config.attestation.cacheMs, keyId };
    return document;
  }

  /** Returns the first document that an enclave gives; throws the last failure if none gives one. */
  private async fromAny(ask: (slot: EnclaveSlot) => Promise<UnverifiedDocument>): Promise<UnverifiedDocument> {
    const trusted = this.slots.filter(({ enclave }) => enclave.isTrusted());
    const candidates = (trusted.length > 0 ? trusted : [...this.slots]).sort(
      (a, b) => a.inFlight - b.inFlight || a.turn - b.turn,
    );
    let failure: unknown;
    for (const slot of candidates) {
      slot.turn = ++this.turns;
      try {
        return await ask(slot);
      } catch (error) {
        failure = error;
        // Checks the enclave at once, so that the next client is sent to another one, and a restarted enclave gets its keys. An enclave
        // that is not trusted is checked by its timer.
        if (slot.enclave.isTrusted() && !isBusy(error)) void slot.enclave.checkNow();
      }
    }
    throw failure;
  }
}

/** Whether the enclave is only busy with other documents; a check would ask it for one more. */
function isBusy(error: unknown): boolean {
  return error instanceof ProblemError && error.code === 'enclave_busy';
}

async function fetchFrom({ enclave }: EnclaveSlot, nonce?: Uint8Array): Promise<UnverifiedDocument> {
  const document = answerOf(await enclave.client.attestation(nonce));
  let content: UnverifiedAttestation;
  try {
    content = readAttestation_unverified(document);
  } catch (cause) {
    throw new ProblemError('enclave_answer_invalid', {
      detail: "The enclave's answer is not an attestation document.",
      cause,
    });
  }
  if (!sameBytes(content.nonce, nonce))
    throw new ProblemError('enclave_answer_invalid', { detail: 'The document was made for another nonce.' });
  return { document, content };
}

function answerOf(result: EnclaveResult<Uint8Array>): Uint8Array {
  if (result.kind === 'answer') return result.answer;
  if (result.kind === 'unreachable')
    throw new ProblemError(result.code === 'ETIMEDOUT' && result.sent ? 'enclave_timeout' : 'enclave_unavailable', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  if (result.code === 'enclave_answer_invalid') throw new ProblemError('enclave_answer_invalid');
  const code = result.code === 'enclave_busy' || result.code === 'keys_not_ready' ? result.code : 'enclave_unavailable';
  throw new ProblemError(code, { retryAfterSeconds: result.retryAfterSeconds ?? RETRY_AFTER_SECONDS });
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
