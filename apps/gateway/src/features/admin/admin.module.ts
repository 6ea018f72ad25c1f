import { Module } from '@nestjs/common';
import { BudgetModule } from '../budget/budget.module';
import { DeliveryModule } from '../delivery/delivery.module';
import { KeysModule } from '../keys/keys.module';
import { LimitsModule } from '../limits/limits.module';
import { AdminController } from './admin.controller';

@Module({ imports: [BudgetModule, DeliveryModule, KeysModule, LimitsModule], controllers: [AdminController] })
export class AdminModule {}
