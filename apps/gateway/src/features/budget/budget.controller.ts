import { Controller, Get } from '@nestjs/common';
import { Authenticated } from '../auth/authenticated';
import { Caller, type CallerIdentity } from '../auth/caller';
import { formatDollars } from '@communique-tee/gateway-environment';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { BUDGET_EXAMPLE, type BudgetView, budgetViewSchema } from './budget-view';
import { BudgetService } from './budget.service';
import { DATABASE_PROBLEMS } from '../../core/database/database';
import type { Tag } from '../../core/routing/operation';
import { Operation } from '../../core/routing/route-policy';

const BUDGET: Tag = { name: 'Budget', description: 'What the caller may still spend and send today.' };

@Controller('api/budget')
export class BudgetController {
  constructor(private readonly budget: BudgetService) {}

  @Get()
  @Authenticated()
  @RateLimit('api')
  @Operation({
    id: 'getBudget',
    tag: BUDGET,
    summary: "Get the caller's budget of this UTC day",
    description:
      'The amounts that are reserved and spent, and the numbers of messages and of tasks for models. Messages count in the amounts only if delivery has a price.',
    answers: {
      '200': {
        description: 'Amounts in dollars, and numbers of messages and tasks.',
        content: { 'application/json': { schema: budgetViewSchema, examples: { budget: BUDGET_EXAMPLE } } },
      },
    },
    problems: [...DATABASE_PROBLEMS],
  })
  async mine(@Caller() caller: CallerIdentity): Promise<BudgetView> {
    const day = await this.budget.dayOf(caller.owner);
    return {
      cap: formatDollars(day.capMicroUsd),
      reserved: formatDollars(day.reservedMicroUsd),
      spent: formatDollars(day.spentMicroUsd),
      messages: { used: day.messages, limit: day.messagesLimit },
      tasks: day.tasks,
      resetsAt: day.resetsAt.toISOString(),
    };
  }
}
