import { Module } from '@nestjs/common';
import { CampaignNotes } from './campaign-notes';
import { PublishedList } from './published-list';
import { TemplateStore } from './template-store';
import { TemplatesController } from './templates.controller';

@Module({ controllers: [TemplatesController], providers: [CampaignNotes, PublishedList, TemplateStore] })
export class TemplatesModule {}
