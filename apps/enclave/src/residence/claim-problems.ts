import type { CongressMessage, FieldProblem, ProvenEnvelope } from '@communique-tee/protocol';
import {
  checkWindow,
  claimOf,
  congressAt,
  officesOfDistrict,
  openCampaignNote,
  parseDistrict,
  ResidenceError,
  ResidenceNoteError,
  scopeOf,
  type CampaignNote,
  type Registrar,
} from '@communique-tee/residence';

/** Why the enclave refuses an opened message because of its claim. Only the sender learns the reason. */
export type ClaimReason = 'claim_not_opened' | 'campaign_not_accepted' | 'district_ended' | 'office_not_of_district';
export type ClaimProblem = FieldProblem & { code: ClaimReason };

export interface ClaimRules {
  registrar: Registrar;
  maxCampaignDays: number;
  nowSeconds: number;
}

export const NOT_PROVEN = problem('claim_not_opened', '/proof', 'opens a claim, and the message came without a proof');

/**
 * Checks the opened message against its proof, in this order: the campaign's note, the claim under that campaign's scope, the district's
 * Congress, the constituent's state, and the offices. Returns the problems of the first check that fails, because the later checks depend
 * on the earlier ones.
 */
export function claimProblems(content: CongressMessage, envelope: ProvenEnvelope, rules: ClaimRules): ClaimProblem[] {
  const { proof } = content;
  if (proof === null) return [problem('claim_not_opened', '/proof', 'is null, and the message came with a proof')];
  const campaign = openCampaign(proof.campaign, rules);
  if (campaign === null || envelope.sealed.expiresAtSeconds > campaign.notAfter)
    return [
      problem(
        'campaign_not_accepted',
        '/proof/campaign',
        "must be a note of the registrar about a campaign that is open and does not end before the message's expiry",
      ),
    ];
  if (content.campaignId !== campaign.campaign)
    return [problem('campaign_not_accepted', '/campaignId', 'must be the campaign of the note in the proof')];
  if (!opens(envelope.residence.claim, scopeOf(rules.registrar.registrar, campaign.campaign), proof))
    return [problem('claim_not_opened', '/proof', 'does not open the claim of the proof')];
  return districtProblems(content, proof.district, rules.nowSeconds);
}

function openCampaign(note: string, { registrar, maxCampaignDays, nowSeconds }: ClaimRules): CampaignNote | null {
  try {
    const campaign = openCampaignNote(note, registrar, maxCampaignDays);
    checkWindow(campaign, nowSeconds);
    return campaign;
  } catch (error) {
    if (error instanceof ResidenceNoteError) return null;
    throw error;
  }
}

function opens(
  claim: Uint8Array,
  scope: Uint8Array,
  { district, delivery, blinding }: NonNullable<CongressMessage['proof']>,
): boolean {
  try {
    return claimOf({ scope, district, delivery, blinding }).every((byte, at) => byte === claim[at]);
  } catch (error) {
    if (error instanceof ResidenceError) return false;
    throw error;
  }
}

/**
 * Accepts districts of the Congress in office and of the next one, so that people can still prove when the registrar publishes the new list
 * before the next Congress meets.
 */
function districtProblems(content: CongressMessage, district: string, nowSeconds: number): ClaimProblem[] {
  const { congress, state } = parseDistrict(district);
  const inOffice = congressAt(nowSeconds);
  if (congress < inOffice || congress > inOffice + 1)
    return [
      problem(
        'district_ended',
        '/proof/district',
        "is not a district of today's Congress; get the new list of the registrar and prove again",
      ),
    ];
  if (content.constituent.state !== state)
    return [problem('office_not_of_district', '/constituent/state', 'must be the state of the proven district')];
  const offices = officesOfDistrict(district);
  return content.offices.flatMap((office, at) =>
    offices.includes(office)
      ? []
      : [
          problem(
            'office_not_of_district',
            `/offices/${String(at)}`,
            'is not an office of the proven district, which has one House office and the Senate offices of its state',
          ),
        ],
  );
}

/** `what` continues a sentence that begins with the field's name. It must not quote a value. */
function problem(code: ClaimReason, pointer: string, what: string): ClaimProblem {
  return { pointer, code, message: `${pointer}: ${what}` };
}
