import type { AgentReply, UsageStatement } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '../../core/telemetry/logger';
import { AgentLedger, type AttemptEnd } from './agent-ledger';
import { AGENT_ALARMS, AgentMetrics, type AgentAlarm } from './agent-metrics';
import type { PostedTask } from './read-agent-request';
import { UsageJudge, type ReservedAttempt } from './usage-judge';

const STORE_ATTEMPTS = 5;
const STORE_DELAY_MS = 200;

/** Ends attempts: settles on a verified statement, or releases if no money was spent. */
@Injectable()
export class AttemptSettler {
  constructor(
    private readonly judge: UsageJudge,
    private readonly ledger: AgentLedger,
    private readonly metrics: AgentMetrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Books the cost of the reply's statement in the windows of the reservation. A cost above the reservation is booked in full and switches
   * its model off; `free_tier` switches the whole provider off.
   * @returns the verified claims, or null if the statement does not verify. Then the reservation stays, and is charged when it is overdue
   * @throws ProblemError `database_unavailable`, after some seconds of retries. A repeat of the same bytes settles the attempt later
   */
  async settle(task: PostedTask, attempt: ReservedAttempt, reply: AgentReply): Promise<UsageStatement | null> {
    const judged = await this.judge.judge(task, attempt, reply);
    const { requestId } = task;
    if (!judged.ok) {
      this.metrics.statementRefused();
      this.logger.error(
        { messageId: requestId, attempt: attempt.attempt, code: judged.code },
        'the usage statement of a task cannot be trusted: its reservation stays',
      );
      return null;
    }
    const { claims, costMicroUsd } = judged;
    const { model, end, usage } = claims;
    const isAbove = costMicroUsd > attempt.reservedMicroUsd;
    const before = await this.store(task, attempt, {
      state: 'settled',
      spentMicroUsd: costMicroUsd,
      end,
      statement: reply.statement,
      usage,
      off:
        end === 'free_tier' ? { model: '*', why: 'free_tier' } : isAbove ? { model, why: 'above_reservation' } : null,
    });
    // If another request with the same bytes has settled the attempt, that request counted it.
    if (before !== null && before !== 'settled') {
      const alarms: AgentAlarm[] = [
        ...AGENT_ALARMS.filter((alarm) => alarm === end),
        ...(isAbove ? (['above_reservation'] as const) : []),
      ];
      this.metrics.settled(claims, costMicroUsd, alarms);
      this.tell(claims, task, alarms);
    }
    return claims;
  }

  /**
   * Releases an attempt that cost nothing. If the database is away, the reservation stays until it is overdue.
   * @throws ProblemError `database_unavailable`
   */
  async release(task: Pick<PostedTask, 'requestId'>, attempt: 1 | 2): Promise<void> {
    await this.store(task, { attempt }, { state: 'released' });
  }

  /** Retries, so that a short outage of the database does not lose a statement. A second write of the same end changes nothing. */
  private async store({ requestId }: Pick<PostedTask, 'requestId'>, { attempt }: { attempt: 1 | 2 }, end: AttemptEnd) {
    for (let tried = 1; ; tried++) {
      try {
        return await this.ledger.end({ requestId, attempt }, end, new Date());
      } catch (error) {
        if (tried >= STORE_ATTEMPTS) throw error;
        await sleep(STORE_DELAY_MS * tried);
      }
    }
  }

  private tell({ provider, end }: UsageStatement, { requestId }: PostedTask, alarms: readonly AgentAlarm[]): void {
    const fields = { messageId: requestId, component: provider };
    if (alarms.length === 0) this.logger.info({ ...fields, outcome: end }, 'task settled');
    for (const reason of alarms)
      this.logger.error({ ...fields, outcome: end, reason }, 'a model provider needs an operator');
  }
}
