import {
  costMicroUsd,
  reservationMicroUsd,
  rowOf,
  priceTableSha256,
  type PricedModel,
  type PriceTable,
} from '@communique-tee/agents';
import { CryptoError, openTask, sealTaskAnswer } from '@communique-tee/crypto';
import {
  LIMITS,
  ProtocolError,
  decodeAgentTask,
  encodeAgentAnswer,
  encodeSealedAnswer,
  messageIdToText,
  toBase64Url,
  type AgentAnswer,
  type AgentReply,
  type AgentRequest,
  type AgentTask,
} from '@communique-tee/protocol';
import { signUsageStatement } from '@communique-tee/receipts/node';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pemBlocks } from '../../egress';
import type { AttestedDocument } from '../../identity/keys/document-source';
import type { HeldKey } from '../../identity/keys/key-ring';
import { ProblemError } from '../../runtime/problem-error';
import type { ServiceCore } from '../service';
import { providersOf, type AgentsConfig, type ModelClass } from './agents-config';
import { judgeText } from './output-rules';
import { promptFor } from './prompts/prompt';
import { DIALECTS, askProvider, type Attempt, type ProviderTarget } from './providers/ask-provider';
import { RememberedAttempt, ReplyMemory, type AttemptNumber, type BillableReply } from './reply-memory';
import { requestBytesFor } from './request-size';
import { RunningTasks } from './running-tasks';

/** How far ahead of ours the client's clock may be, when the expiry is compared with the longest lifetime. */
const LIFETIME_SLACK_MS = 60_000;

/**
 * Every task waits until this long after its opening began. Opening and checking a task takes a few milliseconds that depend on the sealed
 * content. Without the wait, the time of a refusal or of a connection would reveal them to the parent.
 */
const PREPARED_MS = 50;

/** The gateway's request, decoded. */
export interface Call {
  /** The request in CBOR. */
  readonly bytes: Uint8Array;
  readonly request: AgentRequest;
  readonly attempt: AttemptNumber;
  /** Whether the gateway relayed this attempt before. If so, no new attempt begins. */
  readonly dispatchedBefore: boolean;
}

interface OpenProvider extends ProviderTarget {
  /** Undefined while the operator's secret is missing. */
  readonly apiKey: () => string | undefined;
  readonly organization: string | undefined;
}

interface Accepted {
  readonly call: Call;
  readonly sha256: Uint8Array;
  readonly key: HeldKey;
  readonly modelClass: ModelClass;
}

/** The inputs of a usage statement. All are collected before the task is opened, so that signing cannot fail later. */
interface Signing {
  readonly document: AttestedDocument;
  /** The time of the statement and of its prices, in milliseconds of the attested clock. */
  readonly atMs: number;
  readonly row: PricedModel;
}

/**
 * Returns the remembered reply to a task, or opens the task, checks it, asks the model once, judges the model's text, and signs the cost.
 */
export class TaskService {
  private readonly memory: ReplyMemory;
  private readonly providers: ReadonlyMap<string, OpenProvider>;
  private readonly pricesSha256: string;
  private readonly running: RunningTasks;

  constructor(
    private readonly core: ServiceCore,
    private readonly config: AgentsConfig,
    private readonly table: PriceTable,
  ) {
    const { limits } = config;
    this.memory = new ReplyMemory(limits.maxRememberedReplies, core.clock);
    this.pricesSha256 = priceTableSha256(table);
    this.running = new RunningTasks(limits.maxConcurrent, providersOf(config).length);
    this.providers = new Map(
      providersOf(config).map(([provider, { origin, certificateAuthorities, ...own }]) => [
        provider,
        {
          dialect: DIALECTS[provider],
          origin,
          authorities: pemBlocks(certificateAuthorities),
          timeoutMs: limits.timeoutMs,
          organization: own.organization,
          // Read for each task, because the operator may have replaced the secret
          apiKey: () =>
            own.apiKeySecret === undefined ? own.apiKeyReadableInImage : core.secrets.get(own.apiKeySecret),
        },
      ]),
    );
  }

  /**
   * @param left aborts when the caller's connection closes; the task is then canceled, unless another caller waits for it or a byte of the
   * request to the provider was sent
   * @throws ProblemError `outcome_unknown` | `enclave_busy` | `keys_not_ready` | `key_retired` | `message_expired` | `expiry_out_of_range`
   * | `model_class_unknown` | `model_off` | `malformed_body` | `sealed_message_refused`; all except `outcome_unknown` mean that this call
   * spent no money
   */
  async handle(call: Call, left: AbortSignal): Promise<AgentReply> {
    const sha256 = new Uint8Array(createHash('sha256').update(call.bytes).digest());
    const name = toBase64Url(sha256);
    const known = this.memory.find(name, call.attempt);
    if (known) return known.join(left);
    if (call.dispatchedBefore) throw new ProblemError('outcome_unknown');
    if (call.attempt === 2) this.checkFirst(name);
    const accepted = this.accept(call, sha256);
    if (!this.running.hasRoom(accepted.modelClass.provider) || !this.memory.hasRoom())
      throw new ProblemError('enclave_busy', { retryAfterSeconds: 2 });
    return this.begin(name, accepted).join(left);
  }

  /** Throws unless a first attempt at this request proposed a second one. */
  private checkFirst(name: string): void {
    const first = this.memory.find(name, 1);
    if (!first) throw new ProblemError('outcome_unknown');
    if (!first.outcome?.reply.again) throw new ProblemError('malformed_body', { detail: 'no second attempt is due' });
  }

  private accept(call: Call, sha256: Uint8Array): Accepted {
    const { modelClass: id, maxOutputTokens, sealed } = call.request;
    this.core.ring.currentOrNotReady();
    const key = this.core.ring.find(sealed.keyId);
    if (!key) throw new ProblemError('key_retired');
    const nowMs = this.core.clock.nowMs();
    checkExpiry(sealed.expiresAtSeconds, nowMs);
    const modelClass = this.config.classes.find((each) => each.id === id);
    if (!modelClass) throw new ProblemError('model_class_unknown');
    if (maxOutputTokens > modelClass.maxOutputTokens)
      throw new ProblemError('malformed_body', { detail: 'maxOutputTokens is above that of the model class' });
    this.rowAt(nowMs, modelClass);
    if (this.providers.get(modelClass.provider)?.apiKey() === undefined)
      throw new ProblemError('keys_not_ready', { retryAfterSeconds: 5 });
    return { call, sha256, key, modelClass };
  }

  /** @throws ProblemError `model_off` if the price table has no price for this time */
  private rowAt(nowMs: number, { provider, model }: ModelClass): PricedModel {
    const row = rowOf(this.table, provider, model, new Date(nowMs));
    if (!row) throw new ProblemError('model_off');
    return row;
  }

  private begin(name: string, accepted: Accepted): RememberedAttempt {
    const { attempt, request } = accepted.call;
    const { provider } = accepted.modelClass;
    const progress = { mayHaveSpent: false };
    this.running.begin(provider);
    const begun = new RememberedAttempt(async (allLeft) => {
      try {
        return await this.run(accepted, allLeft, progress);
      } catch (error) {
        if (progress.mayHaveSpent) throw new ProblemError('outcome_unknown');
        this.memory.forget(name, attempt);
        throw error;
      } finally {
        this.running.end(provider);
      }
    });
    this.memory.put(name, attempt, begun, request.sealed.expiresAtSeconds * 1000);
    return begun;
  }

  private async run(
    accepted: Accepted,
    allLeft: AbortSignal,
    progress: { mayHaveSpent: boolean },
  ): Promise<BillableReply> {
    const { call, key } = accepted;
    const { sealed } = call.request;
    // Made before anything is opened or sent, so that every task that cost money gets its statement
    const document = await key.documents.forReceipt();
    const atMs = this.core.clock.nowMs();
    const signing: Signing = { document, atMs, row: this.rowAt(atMs, accepted.modelClass) };
    const startedAtMs = performance.now();
    const { plaintext, answerKey } = open(key, sealed);
    const mark = randomBytes(16).toString('hex');
    const task = readTask(plaintext, accepted);
    plaintext.fill(0);
    await sleep(Math.max(0, PREPARED_MS - (performance.now() - startedAtMs)));
    progress.mayHaveSpent = task !== null;
    const attempt = task === null ? INVALID : await this.ask(accepted, signing.row, task, mark, allLeft);
    const judged = outcomeOf(attempt, task, mark);
    const answer: AgentAnswer = { version: 1, requestId: sealed.messageId, ...judged.answer };
    const statement = this.sign(accepted, signing, { ...attempt, end: judged.end });
    this.core.log.write('info', 'agent_attempt_ended', {
      messageId: messageIdToText(sealed.messageId),
      outcome: judged.end,
      count: attempt.skippedParts,
    });
    return {
      isBilled: attempt.usageState !== 'not_billed',
      reply: {
        answer: encodeSealedAnswer(sealTaskAnswer(answerKey, sealed, encodeAgentAnswer(answer))),
        statement,
        attestationDocument: document.bytes,
        again: call.attempt === 1 && attempt.againAfterMs !== null ? { afterMs: attempt.againAfterMs } : null,
      },
    };
  }

  private ask(
    { call: { request }, modelClass }: Accepted,
    row: PricedModel,
    task: AgentTask,
    mark: string,
    allLeft: AbortSignal,
  ): Promise<Attempt> {
    const provider = this.providers.get(modelClass.provider);
    const apiKey = provider?.apiKey();
    if (!provider || apiKey === undefined) throw new Error('a class without a provider');
    return askProvider(
      provider,
      { row, prompt: promptFor(task, mark), maxOutputTokens: request.maxOutputTokens },
      {
        credentials: { apiKey, organization: provider.organization },
        requestBytes: requestBytesFor(request.sealed.ciphertext.length),
        egress: this.core.egress,
        clock: this.core.clock,
        beforeSending: allLeft,
      },
    );
  }

  private sign(
    { call, sha256, key, modelClass }: Accepted,
    { document, atMs, row }: Signing,
    { end, usageState, usage, servedModel }: Attempt,
  ): string {
    const { sealed, maxOutputTokens } = call.request;
    const cost =
      usage !== null
        ? costMicroUsd(usage, row)
        : usageState === 'not_billed'
          ? 0n
          : reservationMicroUsd({ row, ciphertextBytes: sealed.ciphertext.length, maxOutputTokens });
    return signUsageStatement(
      {
        v: 1,
        request_id: messageIdToText(sealed.messageId),
        request_sha256: toBase64Url(sha256),
        attempt: call.attempt,
        model_class: modelClass.id,
        provider: modelClass.provider,
        model: modelClass.model,
        served_model: servedModel,
        end,
        usage_state: usageState,
        usage,
        prices_version: this.table.version,
        prices_sha256: this.pricesSha256,
        cost_micro_usd: cost.toString(),
        time: Math.floor(atMs / 1000),
        pcr0: document.pcr0,
        attestation_sha256: toBase64Url(document.sha256),
      },
      key.keys.receiptPrivateKey,
    );
  }
}

/** The attempt at an invalid task: no request was sent. */
const INVALID: Attempt = {
  end: 'task_invalid',
  text: '',
  isCut: false,
  usageState: 'not_billed',
  usage: null,
  servedModel: null,
  againAfterMs: null,
  skippedParts: 0,
};

function checkExpiry(expiresAtSeconds: number, nowMs: number): void {
  const leftMs = expiresAtSeconds * 1000 - nowMs;
  if (leftMs <= 0) throw new ProblemError('message_expired');
  if (leftMs > LIMITS.maxTaskLifetimeSeconds * 1000 + LIFETIME_SLACK_MS) throw new ProblemError('expiry_out_of_range');
}

function open(key: HeldKey, sealed: AgentRequest['sealed']): ReturnType<typeof openTask> {
  try {
    return openTask(key.keys.sealing, sealed);
  } catch (error) {
    if (error instanceof CryptoError) throw new ProblemError('sealed_message_refused');
    throw error;
  }
}

/** Reads the task; null if it is invalid, differs from the values outside the seal, or is not offered by its model class. */
function readTask(plaintext: Uint8Array, { call: { request }, modelClass }: Accepted): AgentTask | null {
  try {
    const task = decodeAgentTask(plaintext);
    const isAsOutside = task.modelClass === request.modelClass && task.maxOutputTokens === request.maxOutputTokens;
    return isAsOutside && modelClass.tasks.includes(task.task) ? task : null;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

interface Outcome {
  /** How the attempt ended, for the statement. */
  readonly end: Attempt['end'];
  /** The part that only the person can read. */
  readonly answer: Pick<AgentAnswer, 'outcome' | 'text' | 'problem'>;
}

function outcomeOf({ end, text, isCut }: Attempt, task: AgentTask | null, mark: string): Outcome {
  const without = (outcome: AgentAnswer['outcome'], problem: string | null = null): Outcome => ({
    end,
    answer: { outcome, text: null, problem },
  });
  if (end === 'task_invalid' || task === null) return without('task_invalid');
  if (end === 'empty' || end === 'refused') return without(end);
  if (end !== 'complete' && end !== 'cut' && end !== 'tier_mismatch') return without('provider_failed', end);
  if (text.trim() === '') return without('empty');
  const judged = judgeText(text, task, mark);
  if ('text' in judged)
    return { end, answer: { outcome: isCut ? 'cut' : 'complete', text: judged.text, problem: null } };
  // To the operator, a wrong tier matters more than the reason why the text is not shown
  const rejected = without('answer_rejected', judged.problem);
  return end === 'tier_mismatch' ? rejected : { ...rejected, end: 'answer_rejected' };
}
