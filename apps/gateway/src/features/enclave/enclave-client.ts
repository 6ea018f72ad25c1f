import {
  ATTEMPT_HEADER,
  DISPATCHED_BEFORE,
  DISPATCHED_BEFORE_HEADER,
  INTERIM_RECEIPT_HEADER,
  LIMITS,
  MAX_KEY_STATUS_BYTES,
  MAX_PUBLIC_CONFIGURATION_BYTES,
  decodeAgentReply,
  decodeKeyStatus,
  decodeRelayAnswer,
  decodeSealedAnswer,
  enclaveHealthSchema,
  toHex,
  type AgentReply,
  type EnclaveHealth,
  type KeyStatus,
  type RelayAnswer,
} from '@communique-tee/protocol';
import { parseAddress } from '@communique-tee/vsock';
import { EnclaveAgent, MAX_SOCKETS } from './enclave-agent';
import type { EnclaveMetrics, EnclaveStep } from './enclave-metrics';
import { invalidAnswer, type EnclaveResult } from './enclave-result';
import { exchange, type Exchange, type ExchangeRequest } from './exchange';
import { readJson, readProblem } from './read-problem';
import { readReceiptClaims_unverified } from './read-receipt-claims';
import { Semaphore } from './semaphore';

const MAX_HEALTH_BYTES = 4096;
const MAX_DOCUMENT_BYTES = 16_384;
/** Short, because people and probes wait for health and attestation. */
const SHORT_TIMEOUT_MS = 5000;

/** Speaks the relay protocol of libs/protocol with one enclave, over vsock, a unix socket or loopback TCP. It never retries. */
export class EnclaveClient {
  private readonly agent: EnclaveAgent;
  private readonly timeoutMs: number;
  private readonly semaphore = new Semaphore(MAX_SOCKETS);

  constructor(
    { address, timeoutMs }: { readonly address: string; readonly timeoutMs: number },
    private readonly metrics?: EnclaveMetrics,
  ) {
    this.agent = new EnclaveAgent(parseAddress(address));
    this.timeoutMs = timeoutMs;
  }

  /** The enclave's own, unsigned report about its health. */
  async health(options: { signal?: AbortSignal } = {}): Promise<EnclaveResult<EnclaveHealth>> {
    return this.ask(
      'health',
      { method: 'GET', path: '/health', accept: 'application/json' },
      MAX_HEALTH_BYTES,
      options.signal,
      ({ contentType, body }) => {
        const parsed = enclaveHealthSchema.safeParse(contentType === 'application/json' ? readJson(body) : undefined);
        return parsed.success ? parsed.data : undefined;
      },
    );
  }

  /**
   * @param nonce 16 to 64 bytes
   * @returns 1 to 16,384 bytes of COSE_Sign1, not parsed here
   */
  async attestation(nonce?: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<EnclaveResult<Uint8Array>> {
    const path = nonce === undefined ? '/attestation' : `/attestation?nonce=${toHex(nonce)}`;
    return this.ask(
      'attestation',
      { method: 'GET', path, accept: 'application/cose' },
      MAX_DOCUMENT_BYTES,
      options.signal,
      ({ contentType, body }) => (contentType === 'application/cose' && body.length > 0 ? body : undefined),
    );
  }

  /** @returns the public configuration: at most 16 KiB of JSON, not parsed here */
  async configuration(options: { signal?: AbortSignal } = {}): Promise<EnclaveResult<Uint8Array>> {
    return this.ask(
      'configuration',
      { method: 'GET', path: '/attestation/configuration', accept: 'application/json' },
      MAX_PUBLIC_CONFIGURATION_BYTES,
      options.signal,
      ({ contentType, body }) => (contentType === 'application/json' && body.length > 0 ? body : undefined),
    );
  }

  /**
   * @param sealed a sealed message in CBOR, byte for byte as the gateway accepted it
   * @param options.dispatchedBefore whether an earlier attempt was sent and never answered
   * @param options.interimReceipt the last interim receipt; the enclave sends only the copies that are pending in it
   */
  async relay(
    sealed: Uint8Array,
    options: { signal?: AbortSignal; dispatchedBefore?: boolean; interimReceipt?: string | null } = {},
  ): Promise<EnclaveResult<RelayAnswer>> {
    const { dispatchedBefore = false, interimReceipt = null } = options;
    const headers = {
      ...(dispatchedBefore && { [DISPATCHED_BEFORE_HEADER]: DISPATCHED_BEFORE }),
      ...(interimReceipt !== null && { [INTERIM_RECEIPT_HEADER]: interimReceipt }),
    };
    const request: ExchangeRequest = {
      method: 'POST',
      path: '/messages',
      accept: 'application/cbor',
      contentType: 'application/cbor',
      headers,
      body: sealed,
    };
    return this.ask(
      'relay',
      request,
      LIMITS.maxRelayAnswerBytes,
      options.signal,
      ({ contentType, body }) => (contentType === 'application/cbor' ? readRelayAnswer(body) : undefined),
      this.timeoutMs,
    );
  }

  /**
   * @param request an AgentRequest in CBOR
   * @param options.isRepeat whether this attempt was relayed before; the enclave then does not ask the provider
   * @param options.timeoutMs for the whole exchange
   */
  async runTask(
    request: Uint8Array,
    { attempt, isRepeat, timeoutMs }: { attempt: 1 | 2; isRepeat: boolean; timeoutMs: number },
  ): Promise<EnclaveResult<AgentReply>> {
    return this.ask(
      'agents',
      {
        method: 'POST',
        path: '/agents',
        accept: 'application/cbor',
        contentType: 'application/cbor',
        headers: {
          [ATTEMPT_HEADER]: String(attempt),
          ...(isRepeat && { [DISPATCHED_BEFORE_HEADER]: DISPATCHED_BEFORE }),
        },
        body: request,
      },
      LIMITS.maxAgentReplyBytes,
      undefined,
      ({ contentType, body }) => (contentType === 'application/cbor' ? readAgentReply(body) : undefined),
      timeoutMs,
    );
  }

  /**
   * @param offer a KeyOffer in CBOR
   * @returns the enclave's report about its keys; `unsupported` if the enclave is too old to report them
   */
  async keys(
    offer: Uint8Array,
    options: { signal?: AbortSignal } = {},
  ): Promise<EnclaveResult<KeyStatus | 'unsupported'>> {
    const request: ExchangeRequest = {
      method: 'POST',
      path: '/keys',
      accept: 'application/cbor',
      contentType: 'application/cbor',
      body: offer,
    };
    // The time limit is long, because the enclave may ask KMS once for each key that it does not know yet.
    return this.ask<KeyStatus | 'unsupported'>(
      'keys',
      request,
      MAX_KEY_STATUS_BYTES,
      options.signal,
      ({ status, contentType, body }) => {
        if (status === 404) return 'unsupported';
        return contentType === 'application/cbor' ? readKeyStatus(body) : undefined;
      },
      this.timeoutMs,
      [200, 404],
    );
  }

  close(): void {
    this.agent.destroy();
  }

  private async ask<Answer>(
    step: EnclaveStep,
    request: ExchangeRequest,
    maxBodyBytes: number,
    signal: AbortSignal | undefined,
    read: (response: Extract<Exchange, { kind: 'response' }>) => Answer | undefined,
    timeoutMs = Math.min(this.timeoutMs, SHORT_TIMEOUT_MS),
    readable: readonly number[] = [200],
  ): Promise<EnclaveResult<Answer>> {
    const startedAt = performance.now();
    const response = await this.inTurn(timeoutMs, signal, (leftMs) =>
      exchange(this.agent, request, { timeoutMs: leftMs, maxBodyBytes, signal }),
    );
    const result = resultOf(response, read, readable);
    this.metrics?.asked(step, result.kind, performance.now() - startedAt);
    return result;
  }

  private async inTurn(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    run: (leftMs: number) => Promise<Exchange>,
  ): Promise<Exchange> {
    const startedAt = performance.now();
    const outcome = await this.semaphore.acquire(timeoutMs, signal);
    if (outcome !== 'acquired') return { kind: 'failed', sent: false, code: outcome };
    try {
      return await run(Math.max(1, timeoutMs - (performance.now() - startedAt)));
    } finally {
      this.semaphore.release();
    }
  }
}

function resultOf<Answer>(
  response: Exchange,
  read: (response: Extract<Exchange, { kind: 'response' }>) => Answer | undefined,
  readable: readonly number[],
): EnclaveResult<Answer> {
  if (response.kind === 'failed') return { kind: 'unreachable', sent: response.sent, code: response.code };
  if (response.kind === 'unreadable') return invalidAnswer();
  if (!readable.includes(response.status)) return readProblem(response);
  const answer = read(response);
  return answer === undefined ? invalidAnswer() : { kind: 'answer', answer };
}

function readKeyStatus(body: Uint8Array): KeyStatus | undefined {
  try {
    return decodeKeyStatus(body);
  } catch {
    return undefined;
  }
}

function readAgentReply(body: Uint8Array): AgentReply | undefined {
  try {
    return decodeAgentReply(body);
  } catch {
    return undefined;
  }
}

/** Returns undefined unless the CBOR, the receipt's claims and the sealed answer are all well formed. */
function readRelayAnswer(body: Uint8Array): RelayAnswer | undefined {
  try {
    const answer = decodeRelayAnswer(body);
    decodeSealedAnswer(answer.answer);
    return readReceiptClaims_unverified(answer.receipt) === undefined ? undefined : answer;
  } catch {
    return undefined;
  }
}
