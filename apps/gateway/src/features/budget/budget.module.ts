import { Global, Module } from '@nestjs/common';
import { BudgetCopies } from './budget-copies';
import { BudgetController } from './budget.controller';
import { BudgetService } from './budget.service';
import { EmergencyStop } from './emergency-stop';

@Global()
@Module({
  controllers: [BudgetController],
  providers: [BudgetService, EmergencyStop, BudgetCopies],
  exports: [BudgetService, EmergencyStop],
})
export class BudgetModule {}
