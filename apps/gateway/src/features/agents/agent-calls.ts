import { isProviderFailure, type AgentReply, type ProblemCode, type UsageStatement } from '@communique-tee/protocol';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import type { AgentReservation } from '../../core/database/generated/client';
import { ProblemError } from '../../core/problems/problem-error';
import type { EnclaveMonitor } from '../attestation/enclave-monitor';
import { budgetProblem } from '../budget/budget-refusal';
import { EmergencyStop } from '../budget/emergency-stop';
import { windowsOf } from '../budget/windows';
import { AgentLedger } from './agent-ledger';
import { AgentOffers, type Placement } from './agent-offers';
import { AttemptRelay, SOON_SECONDS, type Attempt } from './attempt-relay';
import { mayStillRun, type PostedTask } from './read-agent-request';
import { AttemptSettler } from './settle-attempt';

/** The reply to a task, also if the provider failed. */
export interface TaskReply {
  readonly attempts: 1 | 2;
  readonly reply: AgentReply;
  readonly claims: UsageStatement;
}

/** Whose task it is, and whether the client is still connected. */
export interface Requester {
  readonly owner: string;
  /** Aborted when the client has left. An attempt that was already relayed continues. */
  readonly left: AbortSignal;
}

const RETRY_AFTER_SECONDS = 5;
/** How long the bytes of a task may be on their way from a gateway to the enclave. */
const ON_THE_WAY_MS = 5000;
/** No second attempt is begun if less time than this is left. */
const LEAST_FOR_ATTEMPT_MS = 15_000;
/** How long a shutdown waits for relayed tasks. A reply that comes later stays in the enclave's memory. */
const GRACE_MS = 10_000;

/** Takes a task from its reservation to its settlement. README.md beside this file lists the guarantees. */
@Injectable()
export class AgentCalls implements BeforeApplicationShutdown {
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'agents' | 'budget'>,
    private readonly offers: AgentOffers,
    private readonly ledger: AgentLedger,
    private readonly settler: AttemptSettler,
    private readonly relay: AttemptRelay,
    private readonly emergencyStop: EmergencyStop,
  ) {}

  /**
   * Makes one or two attempts, each with its own reservation. If the same owner posts the same bytes again, the remembered reply is
   * returned.
   * @throws ProblemError the problems that the controller lists
   */
  run(task: PostedTask, requester: Requester): Promise<TaskReply> {
    const run = this.attempts(task, requester, performance.now() + this.config.agents.timeoutMs);
    this.underWay.add(run);
    void run.catch(() => undefined).finally(() => this.underWay.delete(run));
    return run;
  }

  /** Waits for the tasks that were relayed. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.race([Promise.allSettled(this.underWay), sleep(GRACE_MS, undefined, { ref: false })]);
  }

  private async attempts(task: PostedTask, requester: Requester, untilMs: number): Promise<TaskReply> {
    if (this.offers.state() === 'off') throw new ProblemError('agents_off');
    const rows = await this.ledger.attemptsOf(task.requestId);
    if (rows.some((row) => !isOwn(row, task, requester.owner))) throw new ProblemError('message_id_taken');
    const latest = rows.filter(({ state }) => state !== 'released').at(-1);
    const before = latest === undefined ? null : await this.takeUp(latest, task);
    let attempt =
      before ??
      (await this.begin(
        task,
        latest?.attempt === 2 ? 2 : 1,
        requester,
        untilMs,
        latest?.attempt === 2 ? this.enclaveOf(latest) : undefined,
      ));
    for (;;) {
      const reply = await this.relay.run(task, attempt, requester.left, untilMs);
      const claims = await this.settler.settle(task, attempt, reply);
      if (claims === null) throw new ProblemError('enclave_answer_invalid');
      const number = attempt.attempt;
      // An attempt that was not sent may be made again, under a new reservation
      const failed = isProviderFailure(claims.end) || claims.end === 'not_sent';
      const again = number === 1 && failed ? reply.again : null;
      if (again === null || !this.hasTimeFor(again.afterMs, untilMs)) return { attempts: number, reply, claims };
      await this.relay.pause(again.afterMs, requester.left);
      try {
        attempt = await this.begin(task, 2, requester, untilMs, attempt.enclave);
      } catch (error) {
        if (error instanceof ProblemError && isRefusal(error.code)) return { attempts: number, reply, claims };
        throw error;
      }
    }
  }

  /**
   * Continues an earlier attempt of the same task.
   * @returns null if the attempt was not dispatched before its deadline; it is then released, and the task begins anew
   */
  private async takeUp(row: AgentReservation, task: PostedTask): Promise<Attempt | null> {
    const now = new Date();
    if (row.state !== 'reserved' || row.dispatchedAt !== null || row.deadlineAt > now) return this.relayedBefore(row);
    await this.ledger.releaseUnsent({ requestId: task.requestId, attempt: row.attempt === 2 ? 2 : 1 }, now);
    return null;
  }

  /** Returns an attempt that was relayed before, marked as a repeat. @throws ProblemError `task_running` | `outcome_unknown` */
  private relayedBefore(row: AgentReservation): Attempt {
    if (row.state === 'reserved' && row.dispatchedAt === null)
      throw new ProblemError('task_running', { retryAfterSeconds: SOON_SECONDS });
    const enclave = this.enclaveOf(row);
    const { state, dispatchedAt, modelClass, provider, model, reservedMicroUsd } = row;
    const attempt = row.attempt === 2 ? 2 : 1;
    const isOnItsWay = state === 'reserved' && Date.now() - (dispatchedAt?.getTime() ?? 0) < ON_THE_WAY_MS;
    return { attempt, modelClass, provider, model, reservedMicroUsd, enclave, isRepeat: true, isOnItsWay };
  }

  /**
   * Returns the enclave that has the attempt.
   * @throws ProblemError `outcome_unknown`: that enclave was restarted, or this gateway does not reach it
   */
  private enclaveOf(row: AgentReservation): EnclaveMonitor {
    const enclave = this.offers.byModuleId(row.enclave);
    if (enclave === null) throw new ProblemError('outcome_unknown');
    return enclave;
  }

  /**
   * Chooses an enclave and reserves the cost.
   * @param only for a second attempt: the enclave that remembers the first
   * @throws ProblemError
   */
  private async begin(
    task: PostedTask,
    attempt: 1 | 2,
    { owner, left }: Requester,
    untilMs: number,
    only?: EnclaveMonitor,
  ): Promise<Attempt> {
    const now = new Date();
    if (attempt === 1 && !mayStillRun(task, now)) throw new ProblemError('expiry_out_of_range');
    const placement = this.offers.place(task, (enclave) => this.relay.load(enclave), now, only);
    this.relay.assertWanted(left);
    const outcome = await this.ledger.reserve({
      ...this.terms(placement, now, untilMs),
      requestId: task.requestId,
      attempt,
      owner,
      requestSha256: task.sha256,
      keyId: task.request.sealed.keyId,
    });
    const { enclave, modelClass, amountMicroUsd } = placement;
    switch (outcome) {
      case 'accepted':
        return {
          attempt,
          modelClass: modelClass.id,
          provider: modelClass.provider,
          model: modelClass.model,
          reservedMicroUsd: amountMicroUsd,
          enclave,
          isRepeat: false,
        };
      case 'known': {
        const row = await this.ledger.find({ requestId: task.requestId, attempt });
        if (row === null) throw new ProblemError('task_running', { retryAfterSeconds: SOON_SECONDS });
        return this.relayedBefore(row);
      }
      case 'threshold_reached':
        await this.emergencyStop.raise('the threshold of the UTC day was spent');
        throw budgetProblem('emergency_stop', now);
      case 'emergency_stop':
      case 'user_daily_limit_reached':
      case 'system_hourly_limit_reached':
      case 'system_daily_limit_reached':
        throw budgetProblem(outcome, now);
      case 'task_running':
        throw new ProblemError('task_running', { retryAfterSeconds: RETRY_AFTER_SECONDS });
      case 'agent_share_reached':
      case 'model_off':
      case 'message_id_taken':
      case 'outcome_unknown':
        throw new ProblemError(outcome);
    }
  }

  private terms({ moduleId, modelClass, amountMicroUsd }: Placement, now: Date, untilMs: number) {
    const { userDayCapMicroUsd, systemHourCapMicroUsd, systemDayCapMicroUsd } = this.config.budget;
    return {
      ...windowsOf(now),
      now,
      deadlineAt: new Date(now.getTime() + Math.max(1, Math.ceil(untilMs - performance.now()))),
      enclave: moduleId,
      modelClass: modelClass.id,
      provider: modelClass.provider,
      model: modelClass.model,
      amountMicroUsd,
      priceVersion: this.offers.prices.version,
      userDayCapMicroUsd,
      systemHourCapMicroUsd,
      systemDayCapMicroUsd,
    };
  }

  private hasTimeFor(afterMs: number, untilMs: number): boolean {
    return performance.now() + afterMs + LEAST_FOR_ATTEMPT_MS < untilMs;
  }
}

function isOwn(row: AgentReservation, { sha256 }: PostedTask, owner: string): boolean {
  return row.owner === owner && Buffer.from(row.requestSha256).equals(sha256);
}

/** Whether the first attempt's outcome is the answer if the second attempt is refused with this code. */
function isRefusal(code: ProblemCode): boolean {
  return !['emergency_stop', 'database_unavailable', 'overloaded', 'shutting_down', 'task_running'].includes(code);
}
