import { Controller, Get } from '@nestjs/common';
import { Authenticated } from '../auth/authenticated';
import { Caller, type CallerIdentity } from '../auth/caller';
import { formatDollars } from '../../core/config/money';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import type { BudgetView } from './budget-view';
import { BudgetService } from './budget.service';

@Controller('api/budget')
export class BudgetController {
  constructor(private readonly budget: BudgetService) {}

  @Get()
  @Authenticated()
  @RateLimit('api')
  async mine(@Caller() caller: CallerIdentity): Promise<BudgetView> {
    const day = await this.budget.dayOf(caller.owner);
    return {
      cap: formatDollars(day.capMicroUsd),
      reserved: formatDollars(day.reservedMicroUsd),
      spent: formatDollars(day.spentMicroUsd),
      resetsAt: day.resetsAt.toISOString(),
    };
  }
}
