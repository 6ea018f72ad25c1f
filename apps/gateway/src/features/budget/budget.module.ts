import { Module } from '@nestjs/common';
import { BudgetGauges } from './budget-gauges';
import { BudgetMetrics } from './budget-metrics';
import { BudgetController } from './budget.controller';
import { BudgetService } from './budget.service';
import { CachedRefusals } from './cached-refusals';
import { EmergencyStop } from './emergency-stop';

@Module({
  controllers: [BudgetController],
  providers: [BudgetService, EmergencyStop, CachedRefusals, BudgetMetrics, BudgetGauges],
  exports: [BudgetService, EmergencyStop, CachedRefusals],
})
export class BudgetModule {}
