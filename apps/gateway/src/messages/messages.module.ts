import { Module } from '@nestjs/common';
import { GroupedAcceptance } from './grouped-acceptance';
import { MessagesController } from './messages.controller';
import { MessagesService } from './messages.service';

@Module({ controllers: [MessagesController], providers: [MessagesService, GroupedAcceptance] })
export class MessagesModule {}
