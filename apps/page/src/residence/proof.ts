// The person's secret and registration on this page, and the prover.
import type { ListPath, ResidenceOptions } from '@communique-tee/client';
import { createSecret, residenceProver } from '@communique-tee/client/residence';
import { fieldFromHex, fieldToHex, nullifierOf, scopeOf } from '@communique-tee/residence';
import { createProver, type Prover } from '@communique-tee/residence/prover/browser';
import { computed, effect } from '@preact/signals';
import { provingFiles } from '../proving-files';
import { store } from '../send/sending';
import { endOf } from '../send/words';
import { started } from '../templates/published';
import { offices } from '../write/form';
import { createIdentity } from './create-identity';
import { deviceStorage } from './device-storage';
import { districtOffices } from './district-offices';
import type { ProofObstacle } from './place';
import { createSentBefore } from './sent-before';

export const identity = createIdentity(deviceStorage('secret'), createSecret);
const sentBefore = createSentBefore(deviceStorage('sent'), Date.now);

/** The registered district's offices; undefined without a registration. */
export const registered = computed(() => {
  const state = identity.identity.value;
  const registration = state.kind === 'safe' ? state.record.registration : null;
  return registration === null
    ? undefined
    : { registration, offices: districtOffices(registration.district, Date.now() / 1000) };
});

export const obstacle = computed((): ProofObstacle | null => {
  if (registered.value === undefined) return 'proof';
  const { offices: own } = registered.value;
  if (own.kind === 'ended') return 'districtEnded';
  if (!offices.value.every((code) => own.codes.includes(code))) return 'otherOffices';
  return (started.value?.campaignNote ?? null) === null ? 'campaignNote' : null;
});

/**
 * The nullifier of this person in this campaign, 64 hex digits; undefined while the secret or the campaign is
 * missing.
 */
const nullifier = computed((): string | undefined => {
  const state = identity.identity.value;
  const { campaignId, campaignNote = null } = started.value ?? {};
  if (state.kind !== 'safe' || registered.value === undefined || campaignId === undefined || campaignNote === null)
    return undefined;
  try {
    const scope = scopeOf(registered.value.registration.registrar, campaignId);
    return fieldToHex(nullifierOf(fieldFromHex(state.record.secret), scope));
  } catch {
    // No registrar can sign a campaign with this id
    return undefined;
  }
});

/** Whether this device remembers that the person's message in this campaign was accepted. */
export const hasSentBefore = computed(() => sentBefore.nullifiers.value.has(nullifier.value ?? ''));

/** Reads what this device keeps. */
export async function look(): Promise<void> {
  await Promise.all([identity.look(), sentBefore.look()]);
}

/** Removes the secret and everything kept beside it. */
export async function forgetHere(): Promise<void> {
  await identity.forget();
  if (identity.identity.value.kind === 'none') await sentBefore.clear();
}

/** The nullifier to remember for the current message; undefined if this device keeps no secret. */
let toRemember: string | undefined;
let remembered: string | undefined;
effect(() => {
  const sending = store.sending.value;
  if (toRemember === undefined || sending.kind === 'idle' || !sending.way.proven || sending.way.resumed) return;
  if (sending.kind === 'ended') {
    // About the rule by which the gateway frees a nullifier. Only the gateway knows whether every earlier attempt was answered
    const { status, report } = sending.result;
    if (report !== null && ['invalid', 'refused'].includes(endOf(status, report))) void sentBefore.remove(toRemember);
  } else if (remembered !== toRemember && (sending.way.sent === 'accepted' || isSecond(sending))) {
    remembered = toRemember;
    void sentBefore.add(toRemember);
  }
});

function isSecond(sending: typeof store.sending.value): boolean {
  return sending.kind === 'failed' && sending.failure.problem === 'already_sent';
}

let prover: Prover | undefined;
/** Kept only in this page's memory, because it reveals the person's place in the registrar's list. */
let list: ListPath | undefined;

/** Returns the options for `send`; undefined while there is an obstacle. */
export function optionsNow(): ResidenceOptions | undefined {
  const state = identity.identity.value;
  const campaignNote = started.value?.campaignNote ?? null;
  const registration = state.kind === 'safe' ? state.record.registration : null;
  if (state.kind !== 'safe' || registration === null || campaignNote === null || provingFiles === undefined)
    return undefined;
  remembered = undefined;
  toRemember = state.on === 'device' ? nullifier.value : undefined;
  prover ??= createProver(provingFiles);
  const { prove } = prover;
  const made = residenceProver((witness, options) => prove(witness, options));
  return {
    secret: fieldFromHex(state.record.secret),
    registration,
    campaignNote,
    list,
    prover: {
      ...made,
      prepare: (question) =>
        made.prepare({
          ...question,
          onState: (progress) => {
            if (progress.step === 'registry_read') ({ list } = progress);
            question.onState(progress);
          },
        }),
    },
  };
}
