import type { TemplateContent } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { ProblemError } from '../../core/problems/problem-error';

/** Whether a template's campaign note is one that the configured registrar has signed for its campaign. */
@Injectable()
export class CampaignNotes {
  /** Whether every message needs a note. */
  readonly required: boolean = false;

  /** @throws ProblemError `campaign_note_invalid` */
  assertFits({ campaignNote }: Pick<TemplateContent, 'campaignId' | 'campaignNote'>): void {
    if (campaignNote === null) return;
    throw new ProblemError('campaign_note_invalid', { detail: 'This gateway has no registrar whose notes it takes.' });
  }
}
