import type { TemplateContent } from '@communique-tee/protocol';
import { openCampaignNote, type Registrar, registrarOf, ResidenceNoteError } from '@communique-tee/residence';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { ProblemError } from '../../core/problems/problem-error';

/** The longest campaign that any enclave's measured configuration may allow; an enclave may enforce a shorter limit itself. */
const MAX_CAMPAIGN_DAYS = 90;

/** Checks whether the configured registrar signed a template's campaign note for its campaign. */
@Injectable()
export class CampaignNotes {
  /** Whether every message of this gateway needs a campaign note. */
  readonly required: boolean;
  private readonly registrar: Registrar | undefined;

  constructor(@Inject(GATEWAY_CONFIG) { residence }: Pick<GatewayConfig, 'residence'>) {
    this.required = residence.mode === 'required';
    this.registrar = residence.mode === 'off' ? undefined : registrarOf(residence.registrar, residence.keys);
  }

  /**
   * Throws unless the note fits the campaign. A note that begins later is accepted, because a template may be published before its campaign.
   * @throws ProblemError `campaign_note_invalid`
   */
  assertFits({ campaignId, campaignNote }: Pick<TemplateContent, 'campaignId' | 'campaignNote'>): void {
    if (campaignNote === null) return;
    if (this.registrar === undefined) throw refused('This gateway has no registrar, so it accepts no campaign notes.');
    const { campaign, notAfter } = opened(campaignNote, this.registrar);
    if (campaign !== campaignId) throw refused('The note is for a campaign other than campaignId.');
    if (notAfter * 1000 <= Date.now()) throw refused('The campaign of the note has ended.');
  }
}

function opened(note: string, registrar: Registrar) {
  try {
    return openCampaignNote(note, registrar, MAX_CAMPAIGN_DAYS);
  } catch (error) {
    if (!(error instanceof ResidenceNoteError)) throw error;
    throw refused(
      error.code === 'ERR_RESIDENCE_NOTE_WINDOW'
        ? `The campaign of the note is longer than ${String(MAX_CAMPAIGN_DAYS)} days.`
        : 'This is not a campaign note that the configured registrar has signed.',
    );
  }
}

function refused(detail: string): ProblemError {
  return new ProblemError('campaign_note_invalid', { detail });
}
