import {
  MAX_TEMPLATE_RUNS,
  type NewTemplateRun,
  type TemplateRuns,
  templateRunsSchema,
} from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../core/database/database';
import type { AgentRun } from '../../core/database/generated/client';
import { ProblemError } from '../../core/problems/problem-error';

/**
 * Stores which agents' tasks were done for a template. The gateway cannot read a sealed task, so the administrator states what kind it was.
 * The cost comes from the usage statement, which the gateway verified when it settled the task.
 */
@Injectable()
export class TemplateRunStore {
  constructor(private readonly database: Database) {}

  /** Returns the tasks that are recorded for a template. @throws ProblemError `not_found` | `database_unavailable` | `overloaded` */
  of(templateId: string): Promise<TemplateRuns> {
    return this.database.transaction((transaction) => runsOf(transaction, templateId));
  }

  /**
   * Records every settled attempt of a task. Recording the same task again for the same template has no effect.
   * @param by the owner hash of the administrator, who must also own the task
   * @throws ProblemError `not_found`: no such template, or no settled task of this administrator | `message_id_taken`: the task is recorded
   * for another template, or as another kind of task | `templates_full`
   */
  record(templateId: string, { requestId, task }: NewTemplateRun, by: string): Promise<TemplateRuns> {
    return this.database.transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT FROM template WHERE id = ${templateId}::uuid FOR UPDATE`;
      const attempts = await transaction.agentReservation.count({ where: { requestId, owner: by, state: 'settled' } });
      if (attempts === 0)
        throw new ProblemError('not_found', { detail: 'You have no task of this id that has ended with a statement.' });
      await transaction.$executeRaw`
        INSERT INTO agent_run (request_id, attempt, template_id, task, recorded_by, provider, model, "end", price_version, cost_micro_usd, statement,
          input_tokens, cached_tokens, cache_written_short_tokens, cache_written_long_tokens, output_tokens, thinking_tokens)
        SELECT request_id, attempt, ${templateId}::uuid, ${task}, owner, provider, model, "end", price_version, spent_micro_usd, statement,
          input_tokens, cached_tokens, cache_written_short_tokens, cache_written_long_tokens, output_tokens, thinking_tokens
        FROM agent_reservation WHERE request_id = ${requestId}::uuid AND owner = ${by} AND state = 'settled'
          AND EXISTS (SELECT FROM template WHERE id = ${templateId}::uuid)
        ON CONFLICT DO NOTHING`;
      const runs = await runsOf(transaction, templateId);
      const own = runs.runs.filter((run) => run.requestId === requestId && run.task === task);
      if (own.length < attempts)
        throw new ProblemError('message_id_taken', {
          detail: 'The task is recorded for another template, or as another kind of task.',
        });
      if (runs.runs.length > MAX_TEMPLATE_RUNS)
        throw new ProblemError('templates_full', {
          detail: `A template keeps at most ${String(MAX_TEMPLATE_RUNS)} attempts of agents.`,
        });
      return runs;
    });
  }
}

async function runsOf(transaction: Transaction, templateId: string): Promise<TemplateRuns> {
  const template = await transaction.template.findUnique({
    where: { id: templateId },
    select: { runs: { orderBy: [{ recordedAt: 'asc' }, { requestId: 'asc' }, { attempt: 'asc' }] } },
  });
  if (template === null) throw new ProblemError('not_found');
  const byModel = Map.groupBy(template.runs, ({ provider, model }) => `${provider} ${model}`);
  // The rows may be of an older release. If they do not fit today's schema, that is an error of the gateway, not of the administrator.
  return templateRunsSchema.parse({
    runs: template.runs.map(viewOf),
    costBreakdown: [...byModel.values()].flatMap((runs) => {
      const [first] = runs;
      if (first === undefined) return [];
      const costMicroUsd = String(runs.reduce((sum, run) => sum + run.costMicroUsd, 0n));
      return [{ provider: first.provider, model: first.model, attempts: runs.length, costMicroUsd }];
    }),
  });
}

function viewOf(run: AgentRun) {
  const { requestId, attempt, task, provider, model, end, statement, recordedAt } = run;
  return {
    ...{ requestId, attempt, task, provider, model, end, statement },
    usage:
      run.inputTokens === null
        ? null
        : {
            input: Number(run.inputTokens),
            cached: Number(run.cachedTokens),
            cacheWrittenShort: Number(run.cacheWrittenShortTokens),
            cacheWrittenLong: Number(run.cacheWrittenLongTokens),
            output: Number(run.outputTokens),
            thinking: Number(run.thinkingTokens),
          },
    pricesVersion: run.priceVersion,
    costMicroUsd: String(run.costMicroUsd),
    recordedAt: recordedAt.toISOString(),
    by: run.recordedBy,
  };
}
