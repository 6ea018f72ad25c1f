import { Module } from '@nestjs/common';
import { Admission } from './admission';
import { GroupedAcceptance } from '../acceptance/acceptance';
import { MessageMetrics } from './message-metrics';
import { MessagesController } from './messages.controller';
import { MessagesService } from './messages.service';
import { StatusStreams } from './status-streams';

@Module({
  controllers: [MessagesController],
  providers: [MessagesService, GroupedAcceptance, Admission, MessageMetrics, StatusStreams],
})
export class MessagesModule {}
