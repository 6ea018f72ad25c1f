import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentReply, ProblemCode } from '@communique-tee/protocol';
import { ProblemError } from '../../core/problems/problem-error';
import { Logger } from '../../core/telemetry/logger';
import type { EnclaveMonitor } from '../attestation/enclave-monitor';
import { budgetProblem } from '../budget/budget-refusal';
import type { EnclaveResult } from '../enclave/enclave-result';
import { AgentLedger } from './agent-ledger';
import type { PostedTask } from './read-agent-request';
import { AttemptSettler } from './settle-attempt';
import type { ReservedAttempt } from './usage-judge';

/** A reserved attempt, and the enclave that runs it. */
export interface Attempt extends ReservedAttempt {
  readonly enclave: EnclaveMonitor;
  /** A gateway relayed the attempt before. The enclave then answers from memory and calls no provider. */
  readonly isRepeat: boolean;
  /** For a repeat: another request dispatched the bytes so recently that they may not have arrived. */
  readonly isOnItsWay?: boolean;
}

type NoAnswer = Exclude<EnclaveResult<AgentReply>, { kind: 'answer' }>;

/** How long a task waits for an enclave that has no room for it. */
const BUSY_WAIT_MS = 20_000;
/** How many tasks of this process wait at once. */
const MAX_WAITING = 16;
const BUSY_POLL_MS = 250;
/** How long the gateway prefers other enclaves after an enclave had no room. */
const FULL_FOR_MS = 10_000;
/**
 * An emergency stop waits this long for a task that is on its way to the enclave, so that the provider's call begins before the stop. Most
 * calls begin within milliseconds.
 */
const STOP_WAITS_MS = 500;
const RETRY_AFTER_SECONDS = 5;
/** Retry-After for a task that another request is about to relay. */
export const SOON_SECONDS = 2;

/** Codes with which the enclave refuses a task before any byte leaves for a provider. */
const NOTHING_SENT: readonly ProblemCode[] = [
  'service_off',
  'keys_not_ready',
  'key_retired',
  'message_expired',
  'expiry_out_of_range',
  'sealed_message_refused',
  'enclave_busy',
  'model_class_unknown',
  'model_off',
  'malformed_body',
  'malformed_request',
  'body_too_large',
  'suite_unsupported',
  'unsupported_media_type',
  'not_found',
];
/** After these answers to a repeat, the client may post the same bytes again. The enclave calls no provider twice. */
const LATER: readonly ProblemCode[] = [
  'enclave_busy',
  'keys_not_ready',
  'enclave_unavailable',
  'enclave_timeout',
  'enclave_answer_invalid',
];

/** Relays a reserved attempt to its enclave. If no reply comes, releases an attempt that cost nothing, and keeps the reservation of any other. */
@Injectable()
export class AttemptRelay implements BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private readonly running = new Map<EnclaveMonitor, number>();
  private readonly fullUntilMs = new Map<EnclaveMonitor, number>();
  /** Exchanges of this process that are under way, by request id and attempt. */
  private readonly exchanges = new Map<string, Promise<EnclaveResult<AgentReply>>>();
  private waiting = 0;

  constructor(
    private readonly ledger: AgentLedger,
    private readonly settler: AttemptSettler,
    private readonly logger: Logger,
  ) {}

  /** Releases and refuses the waiting tasks. */
  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  /** How many tasks of this process the enclave has; the largest integer if the enclave recently had no room. */
  load(enclave: EnclaveMonitor): number {
    const isFull = performance.now() < (this.fullUntilMs.get(enclave) ?? 0);
    return isFull ? Number.MAX_SAFE_INTEGER : this.runningAt(enclave);
  }

  private runningAt(enclave: EnclaveMonitor): number {
    return this.running.get(enclave) ?? 0;
  }

  /**
   * Relays the attempt; waits while the enclave has no room for it.
   * @param left aborted when the client has left: a waiting attempt is then released, a relayed one continues
   * @param untilMs the end of the task's time, by performance.now()
   * @throws ProblemError if no reply came
   */
  async run(task: PostedTask, attempt: Attempt, left: AbortSignal, untilMs: number): Promise<AgentReply> {
    if (attempt.isRepeat) {
      // Repeats share one exchange. Otherwise one user could occupy every connection to the enclave, which mail and health need too.
      const underWay = this.exchanges.get(nameOf(task, attempt));
      const result = await (underWay ?? this.relay(task, attempt, untilMs));
      if (result.kind === 'answer') return result.answer;
      const problem = problemOf(result);
      if (LATER.includes(problem.code)) throw problem;
      // Only the enclave knows how a repeated attempt ended. If it refuses permanently, the outcome stays unknown.
      if (underWay === undefined && !(problem.code === 'outcome_unknown' && attempt.isOnItsWay === true))
        throw new ProblemError('outcome_unknown');
      throw new ProblemError('task_running', { retryAfterSeconds: SOON_SECONDS });
    }
    const nowMs = performance.now();
    // Keep at least half of the time for the provider
    const busyUntilMs = nowMs + Math.min(BUSY_WAIT_MS, (untilMs - nowMs) / 2);
    for (let tried = 1; ; tried++) {
      const result = await this.dispatch(task, attempt, untilMs);
      if (result.kind === 'answer') return result.answer;
      const isBusy = result.kind === 'problem' && result.code === 'enclave_busy';
      if (!isBusy || performance.now() >= busyUntilMs || this.waiting >= MAX_WAITING)
        throw await this.failed(task, attempt, result);
      await this.ledger.undispatch({ requestId: task.requestId, attempt: attempt.attempt });
      await this.waitForPlace(task, attempt, left, tried);
    }
  }

  /** @throws ProblemError `shutting_down` if the client has left or this process ends */
  assertWanted(left: AbortSignal): void {
    if (left.aborted || this.stopping.signal.aborted)
      throw new ProblemError('shutting_down', { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  /** @throws ProblemError as `assertWanted` */
  async pause(delayMs: number, left: AbortSignal): Promise<void> {
    await sleep(delayMs, undefined, { signal: AbortSignal.any([left, this.stopping.signal]) }).catch(() => undefined);
    this.assertWanted(left);
  }

  /** Sends the bytes unless spending is stopped. */
  private async dispatch(task: PostedTask, attempt: Attempt, untilMs: number): Promise<EnclaveResult<AgentReply>> {
    const now = new Date();
    const outcome = await this.ledger.dispatch({ requestId: task.requestId, attempt: attempt.attempt }, now);
    if (outcome === 'emergency_stop') throw budgetProblem('emergency_stop', now);
    // The attempt's deadline has passed meanwhile, and a sweep or another gateway ended the attempt.
    if (outcome === 'ended') throw new ProblemError('overloaded', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    const sent: { result?: Promise<EnclaveResult<AgentReply>> } = {};
    let failure: unknown = budgetProblem('emergency_stop', now);
    try {
      await this.ledger.unlessStopped(async () => {
        sent.result = this.relay(task, attempt, untilMs);
        await Promise.race([sent.result, sleep(STOP_WAITS_MS, undefined, { ref: false })]);
      });
    } catch (error) {
      failure = error;
    }
    // Once bytes have left, wait for their answer even if the database failed.
    if (sent.result !== undefined) return sent.result;
    await this.settler.release(task, attempt.attempt);
    throw failure;
  }

  private relay(task: PostedTask, attempt: Attempt, untilMs: number): Promise<EnclaveResult<AgentReply>> {
    const name = nameOf(task, attempt);
    const exchange = this.exchange(task, attempt, untilMs).finally(() => {
      if (this.exchanges.get(name) === exchange) this.exchanges.delete(name);
    });
    this.exchanges.set(name, exchange);
    return exchange;
  }

  private async exchange(
    task: PostedTask,
    { attempt, enclave, isRepeat }: Attempt,
    untilMs: number,
  ): Promise<EnclaveResult<AgentReply>> {
    this.running.set(enclave, this.runningAt(enclave) + 1);
    try {
      // Passes no abort signal: once bytes have left, the attempt continues without the client and is settled.
      const timeoutMs = Math.max(1, Math.ceil(untilMs - performance.now()));
      const result = await enclave.client.runTask(task.bytes, { attempt, isRepeat, timeoutMs });
      // This check notices a restart sooner than the next regular check would.
      if (result.kind === 'unreachable') void enclave.checkNow();
      if (result.kind === 'problem' && result.code === 'enclave_busy')
        this.fullUntilMs.set(enclave, performance.now() + FULL_FOR_MS);
      return result;
    } finally {
      this.running.set(enclave, this.runningAt(enclave) - 1);
    }
  }

  private async failed(task: PostedTask, { attempt }: Attempt, result: NoAnswer): Promise<ProblemError> {
    const isFree = result.kind === 'problem' ? NOTHING_SENT.includes(result.code) : !result.sent;
    if (isFree) await this.settler.release(task, attempt);
    else
      this.logger.warn(
        { messageId: task.requestId, attempt, code: result.code },
        'what became of a task is not known: its reservation stays',
      );
    return problemOf(result);
  }

  /** Waits until the enclave may have room. Releases the attempt if the client leaves or this process ends. */
  private async waitForPlace(task: PostedTask, { attempt }: Attempt, left: AbortSignal, tried: number): Promise<void> {
    this.waiting++;
    try {
      await this.pause(Math.min(tried, 4) * BUSY_POLL_MS * (0.75 + Math.random() / 2), left);
    } catch (error) {
      await this.settler.release(task, attempt);
      throw error;
    } finally {
      this.waiting--;
    }
  }
}

function nameOf({ requestId }: PostedTask, { attempt }: Attempt): string {
  return `${requestId} ${String(attempt)}`;
}

function problemOf(result: NoAnswer): ProblemError {
  if (result.kind === 'unreachable')
    return new ProblemError(result.code === 'ETIMEDOUT' && result.sent ? 'enclave_timeout' : 'enclave_unavailable', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  switch (result.code) {
    case 'service_off':
    case 'not_found':
      return new ProblemError('agents_off');
    case 'key_retired':
    case 'message_expired':
    case 'expiry_out_of_range':
    case 'sealed_message_refused':
    case 'model_class_unknown':
    case 'model_off':
    case 'outcome_unknown':
      return new ProblemError(result.code);
    case 'enclave_busy':
    case 'keys_not_ready':
      return new ProblemError(result.code, { retryAfterSeconds: result.retryAfterSeconds ?? RETRY_AFTER_SECONDS });
    default:
      return new ProblemError('enclave_answer_invalid');
  }
}
