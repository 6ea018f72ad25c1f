import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { costMicroUsd, PRICE_TABLE, priceTableSha256, reservationMicroUsd, rowOf } from '@communique-tee/agents';
import { keyIdOf } from '@communique-tee/crypto';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import {
  ATTEMPT_HEADER,
  decodeAgentRequest,
  DEFAULT_SUITE,
  DISPATCHED_BEFORE_HEADER,
  encodeAgentReply,
  encodeAgentRequest,
  encodeKeyBinding,
  encodePublicConfiguration,
  messageIdToText,
  POLY1305_TAG_BYTES,
  PROCESS_CUSTODY,
  TASK_ANSWER_BUCKET,
  TASK_BUCKETS,
  TASKS,
  toBase64Url,
  type AgentReply,
  type AgentRequest,
  type PublicConfiguration,
  type UsageStatement,
} from '@communique-tee/protocol';
import { signUsageStatement } from '@communique-tee/receipts/node';
import { createMockNsmTransport, developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { sha256 } from '../../delivery/testing/enclave-identity';
import { answer, enclaveHealth, problem, TestEnclave, type TestRequest } from '../../enclave/testing/test-enclave';

const random = (length: number) => new Uint8Array(randomBytes(length));
export const TASK_CLASSES = [
  { id: 'quick', provider: 'openai', model: 'gpt-6-luna' },
  { id: 'careful', provider: 'anthropic', model: 'claude-haiku-4-5' },
  { id: 'other', provider: 'gemini', model: 'gemini-3.5-flash-lite' },
] as const;
type ClassId = (typeof TASK_CLASSES)[number]['id'];

/** What the test's provider did. `claims`, `key` and `reply` forge parts of the enclave's reply. */
export interface Done {
  readonly end?: UsageStatement['end'];
  /** Default: `reported`, with 100 input and 50 output tokens. */
  readonly usageState?: UsageStatement['usage_state'];
  readonly usage?: Partial<NonNullable<UsageStatement['usage']>>;
  readonly again?: AgentReply['again'];
  readonly claims?: Partial<UsageStatement>;
  readonly key?: KeyObject;
  readonly reply?: Partial<AgentReply>;
}

export interface ProviderCall {
  readonly requestId: string;
  readonly attempt: 1 | 2;
  readonly modelClass: string;
}

/**
 * Plays an enclave with agents: attests keys and configuration, signs statements, limits concurrent tasks and remembers replies. It opens
 * no task. Instead, the spec sets `provider`.
 */
export class TaskEnclave {
  readonly server: TestEnclave;
  readonly calls: ProviderCall[] = [];
  provider: (call: ProviderCall) => Promise<Done> | Done = () => ({});
  maxConcurrent = 8;
  /** Called before each request is handled, so that a spec can play a faulty enclave. Returns true if it has answered. */
  intercept: (request: TestRequest, response: ServerResponse) => Promise<boolean> | boolean = () => false;
  private active = 0;
  /** Replies by request hash and attempt. */
  private memory = new Map<string, Promise<Uint8Array>>();
  private nsm!: Nsm;
  private configuration!: Uint8Array;
  private recent: { readonly at: number; readonly document: Promise<Uint8Array> } | undefined;
  moduleId = '';

  private constructor(
    path: string,
    private readonly rootFolder: string,
    private readonly keys = generateKeyPairSync('ed25519'),
    private readonly publicKey = random(32),
  ) {
    this.server = new TestEnclave({ kind: 'unix', path }, (request, response) => this.handle(request, response));
  }

  /** @param sibling an enclave whose keys the new one shares, as two enclaves with KMS-sealed keys do */
  static async start(path: string, rootFolder: string, sibling?: TaskEnclave): Promise<TaskEnclave> {
    const enclave = new TaskEnclave(path, rootFolder, sibling?.keys, sibling?.publicKey);
    enclave.configure();
    await enclave.boot();
    return enclave;
  }

  /** Resets everything except the keys and the module id. */
  forget(): void {
    this.calls.length = 0;
    this.server.requests.length = 0;
    this.provider = () => ({});
    this.intercept = () => false;
    this.maxConcurrent = 8;
    this.active = 0;
    this.memory = new Map();
    this.configure();
  }

  /** Ends as a killed process does: its connections are cut, and its memory is lost. */
  async kill(): Promise<void> {
    await this.server.stop();
    this.memory = new Map();
    this.active = 0;
    await this.nsm.close();
  }

  /** Starts the enclave again, with the same keys and another module id. */
  async boot(): Promise<void> {
    this.recent = undefined;
    this.moduleId = `i-development-enc${randomBytes(8).toString('hex')}`;
    this.nsm = createNsm(await createMockNsmTransport({ rootFolder: this.rootFolder, moduleId: this.moduleId }));
    await this.server.start();
  }

  get keyId(): Uint8Array {
    return keyIdOf(this.publicKey);
  }

  /**
   * @param agents changes to the default (every class, this code's price table); null switches the service off
   */
  configure(agents?: Partial<NonNullable<PublicConfiguration['services']['agents']>> | null): void {
    this.recent = undefined;
    this.configuration = encodePublicConfiguration({
      version: 3,
      stack: 'test',
      custody: PROCESS_CUSTODY,
      residence: { mode: 'off' },
      legacySuite: false,
      egress: [],
      services:
        agents === null
          ? {}
          : {
              agents: {
                classes: TASK_CLASSES.map((each) => ({
                  ...each,
                  tasks: [...TASKS],
                  maxOutputTokens: 2048,
                })),
                pricesVersion: PRICE_TABLE.version,
                pricesSha256: priceTableSha256(PRICE_TABLE),
                ...agents,
              },
            },
    });
  }

  /** Makes a well-formed request to this enclave, with random bytes as ciphertext. */
  request(
    over: { modelClass?: ClassId; bucket?: number; sealed?: Partial<AgentRequest['sealed']> } = {},
  ): AgentRequest {
    return {
      modelClass: over.modelClass ?? 'quick',
      maxOutputTokens: 1024,
      sealed: {
        suite: DEFAULT_SUITE,
        keyId: this.keyId,
        messageId: uuid(),
        expiresAtSeconds: Math.floor(Date.now() / 1000) + 300,
        nullifier: null,
        encapsulatedKey: random(32),
        nonce: random(24),
        ciphertext: random((over.bucket ?? TASK_BUCKETS[0]) + POLY1305_TAG_BYTES),
        ...over.sealed,
      },
    };
  }

  private async document(nonce?: Uint8Array): Promise<Uint8Array> {
    const receiptKey = new Uint8Array(Buffer.from(this.keys.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
    const configSha256 = sha256(this.configuration);
    const userData = encodeKeyBinding({ keyId: this.keyId, receiptKey, custody: PROCESS_CUSTODY, configSha256 });
    return this.nsm.attest({ ...(nonce && { nonce }), userData, publicKey: this.publicKey });
  }

  private async handle(request: TestRequest, response: ServerResponse): Promise<void> {
    if (await this.intercept(request, response)) return;
    switch (request.path) {
      case '/health':
        answer(response, 200, 'application/json', JSON.stringify(enclaveHealth()));
        return;
      case '/attestation': {
        const nonce = request.query.get('nonce');
        const document = await this.document(nonce === null ? undefined : new Uint8Array(Buffer.from(nonce, 'hex')));
        answer(response, 200, 'application/cose', document);
        return;
      }
      case '/attestation/configuration':
        answer(response, 200, 'application/json', this.configuration);
        return;
      case '/agents':
        await this.runTask(request, response);
        return;
      default:
        await problem('not_found')(request, response);
    }
  }

  private async runTask(request: TestRequest, response: ServerResponse): Promise<void> {
    const attempt = request.headers?.[ATTEMPT_HEADER] === '2' ? 2 : 1;
    const name = `${toBase64Url(sha256(request.body))} ${String(attempt)}`;
    let reply = this.memory.get(name);
    if (reply === undefined) {
      if (request.headers?.[DISPATCHED_BEFORE_HEADER] !== undefined)
        return problem('outcome_unknown')(request, response);
      if (this.active >= this.maxConcurrent) return problem('enclave_busy', 1)(request, response);
      const { memory } = this;
      this.active++;
      reply = this.call(request.body, attempt).finally(() => {
        if (this.memory === memory) this.active--;
      });
      this.memory.set(name, reply);
    }
    const bytes = await reply.catch(() => null);
    if (bytes === null) response.socket?.destroy();
    else answer(response, 200, 'application/cbor', bytes);
  }

  private async call(bytes: Uint8Array, attempt: 1 | 2): Promise<Uint8Array> {
    const request = decodeAgentRequest(bytes);
    const requestId = messageIdToText(request.sealed.messageId);
    const call = { requestId, attempt, modelClass: request.modelClass };
    this.calls.push(call);
    return encodeAgentReply(await this.reply(bytes, attempt, await this.provider(call)));
  }

  /** Returns one document for all replies within a second, because making a document is the slowest step. */
  private recentDocument(): Promise<Uint8Array> {
    const now = performance.now();
    if (this.recent === undefined || now - this.recent.at > 1000) this.recent = { at: now, document: this.document() };
    return this.recent.document;
  }

  /** Makes a reply with a statement that this enclave signs. */
  async reply(bytes: Uint8Array, attempt: 1 | 2, done: Done): Promise<AgentReply> {
    const { modelClass, maxOutputTokens, sealed } = decodeAgentRequest(bytes);
    const found = TASK_CLASSES.find(({ id }) => id === modelClass);
    const row = found && rowOf(PRICE_TABLE, found.provider, found.model, new Date());
    if (found === undefined || row === null || row === undefined) throw new Error('no such class');
    const document = await this.recentDocument();
    const usageState = done.usageState ?? 'reported';
    const usage =
      usageState === 'reported'
        ? { input: 100, cached: 0, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 50, thinking: 0, ...done.usage }
        : null;
    const cost =
      usage !== null
        ? costMicroUsd(usage, row)
        : usageState === 'not_billed'
          ? 0n
          : reservationMicroUsd({ row, ciphertextBytes: sealed.ciphertext.length, maxOutputTokens });
    const claims: UsageStatement = {
      v: 1,
      request_id: messageIdToText(sealed.messageId),
      request_sha256: toBase64Url(sha256(bytes)),
      attempt,
      model_class: modelClass,
      provider: found.provider,
      model: found.model,
      served_model: found.model,
      end: done.end ?? 'complete',
      usage_state: usageState,
      usage,
      prices_version: PRICE_TABLE.version,
      prices_sha256: priceTableSha256(PRICE_TABLE),
      cost_micro_usd: String(cost),
      time: Math.floor(Date.now() / 1000),
      pcr0: developmentMeasurements.pcr0,
      attestation_sha256: toBase64Url(sha256(document)),
      ...done.claims,
    };
    return {
      answer: random(TASK_ANSWER_BUCKET + 60),
      statement: signUsageStatement(claims, done.key ?? this.keys.privateKey),
      attestationDocument: document,
      again: done.again ?? null,
      ...done.reply,
    };
  }
}

/** A random UUID v4 as 16 bytes. */
function uuid(): Uint8Array {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

export function encoded(request: AgentRequest): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encodeAgentRequest(request));
}
