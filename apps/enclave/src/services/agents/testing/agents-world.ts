import { unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation';
import { PRICE_TABLE } from '@communique-tee/agents';
import { fetchEnclaveKey, type EnclaveKey } from '@communique-tee/client';
import { openTaskAnswer, sealTask, type AnswerKey } from '@communique-tee/crypto';
import {
  ATTEMPT_HEADER,
  DEFAULT_SUITE,
  DISPATCHED_BEFORE,
  DISPATCHED_BEFORE_HEADER,
  decodeAgentAnswer,
  decodeAgentReply,
  decodeSealedAnswer,
  encodeAgentRequest,
  encodeAgentTask,
  messageIdToText,
  type AgentAnswer,
  type AgentReply,
  type AgentTask,
  type Provider,
  type SealedMessage,
  type UsageStatement,
} from '@communique-tee/protocol';
import { checkUsageStatement, verifyUsageStatementSignature, type ExpectedAttempt } from '@communique-tee/receipts';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { createHash, randomBytes } from 'node:crypto';
import { parseConfiguration } from '../../../configuration/configuration';
import { createLog } from '../../../runtime/log';
import { startEnclave } from '../../../start';
import { startScriptedProvider, type ScriptedProvider } from './scripted-provider';

/** The model classes of the tests; their models are in the image's price table. */
export const CLASSES = {
  openai: { id: 'fast', provider: 'openai', model: 'gpt-6-luna', maxOutputTokens: 2048 },
  gemini: { id: 'google', provider: 'gemini', model: 'gemini-2.5-flash-lite', maxOutputTokens: 2048 },
  anthropic: { id: 'careful', provider: 'anthropic', model: 'claude-haiku-4-5', maxOutputTokens: 1024 },
} as const;
export const API_KEYS = {
  openai: 'sk-made-up-for-tests-openai',
  gemini: 'made-up-for-tests-gemini',
  anthropic: 'sk-made-up-for-tests-anthropic',
} as const;

export interface SealedTask {
  readonly bytes: Uint8Array;
  readonly sealed: SealedMessage;
  readonly answerKey: AnswerKey;
  readonly modelClass: string;
  readonly maxOutputTokens: number;
}

export interface Replied {
  readonly bytes: Uint8Array;
  readonly reply: AgentReply;
  readonly statement: UsageStatement;
  readonly answer: AgentAnswer;
  /** What the statement must contain, for `verifyUsageStatement`. */
  readonly expected: ExpectedAttempt;
}

/** The whole enclave with its agents in this process, on a mock NSM, with a provider that the test controls. */
export interface AgentsWorld {
  readonly provider: ScriptedProvider;
  readonly url: string;
  readonly log: string[];
  readonly key: EnclaveKey;
  readonly trustAnchor: TrustAnchor;
  seal(changes?: Partial<AgentTask>, options?: SealOptions): SealedTask;
  post(task: SealedTask, options?: PostOptions): Promise<Response>;
  /**
   * Posts the task and returns the reply, with its statement verified under the attested receipt key, and its answer opened as a client
   * does.
   */
  ask(task: SealedTask, options?: PostOptions): Promise<Replied>;
  /** Posts the task and returns the `code` of the refusal. */
  refusal(task: SealedTask, options?: PostOptions): Promise<unknown>;
  stop(): Promise<void>;
}

export interface SealOptions {
  readonly lifetimeSeconds?: number;
  /** The bytes to seal instead of the encoded task. */
  readonly plaintext?: Uint8Array;
  /** The model class outside the seal, if it differs from the sealed one. */
  readonly modelClass?: string;
  readonly maxOutputTokens?: number;
  readonly keyId?: Uint8Array;
}

export interface PostOptions {
  readonly attempt?: 1 | 2;
  readonly dispatchedBefore?: boolean;
  readonly signal?: AbortSignal;
}

export interface WorldOptions {
  readonly limits?: { maxConcurrent?: number; maxRememberedReplies?: number; timeoutMs?: number };
  /** Returns the address to connect to instead of the provider's own. */
  readonly origin?: (provider: ScriptedProvider) => Promise<string>;
  /** The NSM's time in milliseconds; by default Date.now. */
  readonly now?: () => number;
}

export async function startAgentsWorld(options: WorldOptions = {}): Promise<AgentsWorld> {
  const folder = await temporaryFolder('agents');
  const provider = await startScriptedProvider();
  const { certificateAuthorities } = provider;
  const origin = (await options.origin?.(provider)) ?? provider.origin;
  const log: string[] = [];
  const transport = await createMockNsmTransport({
    rootFolder: folder.path,
    ...(options.now && { now: options.now }),
  });
  const far = (name: Provider) => ({ origin, certificateAuthorities, apiKeyReadableInImage: API_KEYS[name] });
  const configuration = parseConfiguration({
    stack: 'test',
    listen: 'tcp:127.0.0.1:0',
    egress: { mode: 'direct' },
    services: {
      agents: {
        providers: { openai: far('openai'), gemini: far('gemini'), anthropic: far('anthropic') },
        classes: [CLASSES.openai, CLASSES.gemini, { ...CLASSES.anthropic, tasks: ['subject', 'draft'] }],
        ...(options.limits && { limits: options.limits }),
      },
    },
  });
  const enclave = await startEnclave(configuration, transport, { log: createLog((line) => log.push(line)) });
  const url = enclave.address.replace('tcp:', 'http://');
  const trustAnchor = unsafeTrustAnchorFromPem(await developmentRootPem(folder.path));
  const key = await fetchEnclaveKey(url, {
    acceptedMeasurements: [developmentMeasurements],
    trustAnchor,
    ...(options.now && { at: new Date(options.now()) }),
  });
  const nowSeconds = () => Math.floor((options.now?.() ?? Date.now()) / 1000);
  const post: AgentsWorld['post'] = ({ bytes }, { attempt = 1, dispatchedBefore = false, signal } = {}) =>
    fetch(`${url}/agents`, {
      method: 'POST',
      headers: {
        'content-type': 'application/cbor',
        [ATTEMPT_HEADER]: String(attempt),
        ...(dispatchedBefore && { [DISPATCHED_BEFORE_HEADER]: DISPATCHED_BEFORE }),
      },
      body: new Uint8Array(bytes),
      ...(signal && { signal }),
    });
  return {
    provider,
    url,
    log,
    key,
    trustAnchor,
    post,
    seal: (changes, sealing) => sealFor(key, nowSeconds(), changes, sealing),
    async ask(task, how) {
      const response = await post(task, how);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (!response.ok) throw new Error(`agents: ${String(response.status)} ${Buffer.from(bytes).toString()}`);
      return readReply(bytes, task, how?.attempt ?? 1, key.receiptKey);
    },
    async refusal(task, how) {
      const response = await post(task, how);
      const { code } = (await response.json()) as { code: unknown };
      return code;
    },
    async stop() {
      await enclave.close();
      await provider.close();
      await folder.remove();
    },
  };
}

export const A_DRAFT =
  'Dear Senator, please mend the roads of our town. They are full of holes, and my bicycle broke on one of them.';

function sealFor(
  key: EnclaveKey,
  nowSeconds: number,
  changes: Partial<AgentTask> = {},
  options: SealOptions = {},
): SealedTask {
  const task: AgentTask = {
    version: 1,
    task: 'draft',
    modelClass: CLASSES.openai.id,
    maxOutputTokens: 1024,
    language: 'en',
    subject: null,
    text: A_DRAFT,
    ...changes,
  };
  const { modelClass = task.modelClass, maxOutputTokens = task.maxOutputTokens } = options;
  const { message, answerKey } = sealTask({
    suite: DEFAULT_SUITE,
    publicKey: key.publicKey,
    keyId: options.keyId ?? key.keyId,
    messageId: new Uint8Array(randomUuid()),
    expiresAtSeconds: nowSeconds + (options.lifetimeSeconds ?? 300),
    nullifier: null,
    plaintext: options.plaintext ?? encodeAgentTask(task),
  });
  const bytes = encodeAgentRequest({ modelClass, maxOutputTokens, sealed: message });
  return { bytes, sealed: message, answerKey, modelClass, maxOutputTokens };
}

/** Returns the 16 bytes of a random UUID (version 4). */
function randomUuid(): Buffer {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

async function readReply(
  bytes: Uint8Array,
  { bytes: request, sealed, answerKey, modelClass, maxOutputTokens }: SealedTask,
  attempt: 1 | 2,
  receiptKey: Uint8Array,
): Promise<Replied> {
  const reply = decodeAgentReply(bytes);
  const own = Object.values(CLASSES).find(({ id }) => id === modelClass);
  if (!own) throw new Error('no such class');
  const expected: ExpectedAttempt = {
    requestId: messageIdToText(sealed.messageId),
    requestSha256: new Uint8Array(createHash('sha256').update(request).digest()),
    attempt,
    modelClass,
    provider: own.provider,
    model: own.model,
    maxOutputTokens,
    ciphertextBytes: sealed.ciphertext.length,
    prices: PRICE_TABLE,
  };
  const statement = await verifyUsageStatementSignature(reply.statement, receiptKey);
  checkUsageStatement(statement, expected);
  const answer = decodeAgentAnswer(openTaskAnswer(answerKey, sealed, decodeSealedAnswer(reply.answer)));
  return { bytes, reply, statement, answer, expected };
}
