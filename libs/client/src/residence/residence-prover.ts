import {
  checkField,
  checkInOffice,
  checkWindow,
  commitmentOf,
  deliveryOf,
  fetchListPath,
  isFreshListPath,
  messageInput,
  nullifierOf,
  officesOfDistrict,
  openCampaignNote,
  openListPath,
  randomField,
  registrarOf,
  registrationFromJson,
  scopeOf,
  VERIFICATION_KEY_SHA256,
  witnessOf,
  type Witness,
} from '@communique-tee/residence';
import type { ListPath, PreparedProof, ResidenceProver, ResidenceQuestion } from '../api';

/** The `prove` method of a prover that `createProver` of `@communique-tee/residence/prover` or `.../prover/browser` makes. */
export type Prove = (
  witness: Witness,
  options: { readonly onProgress: (phase: 'loading' | 'solving' | 'proving') => void; readonly signal?: AbortSignal },
) => Promise<{ readonly proof: Uint8Array }>;

/**
 * Returns a prover for `send`.
 * @example client.send(message, { residence: { secret, registration, campaignNote, prover: residenceProver(prove) } });
 */
export function residenceProver(prove: Prove): ResidenceProver {
  return { verificationKeySha256: VERIFICATION_KEY_SHA256, prepare: (question) => prepareProof(prove, question) };
}

/** @throws ResidenceError, ResidenceNoteError, ResidenceListError; what `question.files` throws; the signal's reason */
async function prepareProof(prove: Prove, question: ResidenceQuestion): Promise<PreparedProof> {
  const { attested, campaignNote, nowSeconds, signal, onState } = question;
  const secret = checkField(question.secret);
  const registration = registrationFromJson(question.registration);
  checkInOffice(registration.district, nowSeconds());
  const by = registrarOf(attested.registrar, attested.keys);
  const campaign = openCampaignNote(campaignNote, by, attested.maxCampaignDays);
  checkWindow(campaign, nowSeconds());

  const reader = { by, registration, commitment: commitmentOf(secret), now: nowSeconds };
  const list = await readList(question, reader);
  const { note, siblings } = openListPath(list, reader);

  const scope = scopeOf(by.registrar, campaign.campaign);
  const blinding = randomField();
  return {
    campaign: campaign.campaign,
    offices: officesOfDistrict(registration.district),
    notAfterSeconds: Math.min(note.notAfter, campaign.notAfter),
    rootNote: list.rootNote,
    nullifier: nullifierOf(secret, scope),
    opening: { district: registration.district, delivery: deliveryOf(secret, scope), blinding },
    prove: async (statusSha256, sealed) => {
      const witness = witnessOf({
        secret,
        registration,
        siblings,
        root: note.root,
        campaign: campaign.campaign,
        blinding,
        message: messageInput(statusSha256, sealed),
      });
      const { proof } = await prove(witness, {
        onProgress: (phase) => {
          onState({ step: 'proving', phase });
        },
        ...(signal && { signal }),
      });
      return { claim: witness.publicInputs.claim, proof };
    },
  };
}

/** Returns the kept list path while it is fresh. Otherwise fetches a new one and reports it, so that the caller can keep it. */
async function readList(
  { list, files, signal, onState }: ResidenceQuestion,
  reader: Parameters<typeof isFreshListPath>[1],
): Promise<ListPath> {
  if (list !== undefined && isFreshListPath(list, reader)) return list;
  onState({ step: 'fetching_registry' });
  const fetched = await fetchListPath({
    ...reader,
    files: await files(),
    signal,
    onUpdating: (waitMs) => {
      onState({ step: 'waiting', during: 'fetching_registry', waitMs, because: 'ERR_RESIDENCE_LIST_UPDATING' });
    },
  });
  onState({ step: 'registry_read', list: fetched });
  return fetched;
}
