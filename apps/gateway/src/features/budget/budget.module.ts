import { Module } from '@nestjs/common';
import { BudgetCopies } from './budget-copies';
import { BudgetGauges } from './budget-gauges';
import { BudgetMetrics } from './budget-metrics';
import { BudgetController } from './budget.controller';
import { BudgetService } from './budget.service';
import { EmergencyStop } from './emergency-stop';

@Module({
  controllers: [BudgetController],
  providers: [BudgetService, EmergencyStop, BudgetCopies, BudgetMetrics, BudgetGauges],
  exports: [BudgetService, EmergencyStop],
})
export class BudgetModule {}
