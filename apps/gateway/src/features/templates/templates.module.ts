import { Module } from '@nestjs/common';
import { CampaignNotes } from './campaign-notes';
import { PublishedList } from './published-list';
import { TemplateRunStore } from './template-runs';
import { TemplateStore } from './template-store';
import { TemplatesController } from './templates.controller';

@Module({
  controllers: [TemplatesController],
  providers: [CampaignNotes, PublishedList, TemplateRunStore, TemplateStore],
})
export class TemplatesModule {}
