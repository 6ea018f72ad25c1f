import { Module } from '@nestjs/common';
import { BudgetModule } from '../budget/budget.module';
import { DeliveryModule } from '../delivery/delivery.module';
import { LegacyModule } from '../legacy/legacy.module';
import { ResidenceModule } from '../residence/residence.module';
import { Admission } from './admission';
import { Acceptance } from '../acceptance/acceptance';
import { MessageMetrics } from './message-metrics';
import { MessagesController } from './messages.controller';
import { MessagesService } from './messages.service';
import { StatusStreams } from './status-streams';

@Module({
  imports: [BudgetModule, DeliveryModule, LegacyModule, ResidenceModule],
  controllers: [MessagesController],
  providers: [MessagesService, Acceptance, Admission, MessageMetrics, StatusStreams],
})
export class MessagesModule {}
