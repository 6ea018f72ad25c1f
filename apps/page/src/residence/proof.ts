// The person's secret and registration as this page has them, and what makes the proof.
import type { ListPath, ResidenceOptions } from '@communique-tee/client';
import { createSecret, residenceProver } from '@communique-tee/client/residence';
import { fieldFromHex } from '@communique-tee/residence';
import { createProver, type Prover } from '@communique-tee/residence/prover/browser';
import { computed } from '@preact/signals';
import { provingFiles } from '../proving-files';
import { started } from '../templates/published';
import { offices } from '../write/form';
import { createIdentity } from './create-identity';
import { deviceStorage } from './device-storage';
import { districtOffices } from './district-offices';
import type { ProofObstacle } from './place';

export const identity = createIdentity(deviceStorage, createSecret);

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

let prover: Prover | undefined;
/** Of this page: it tells the person's place in the registrar's list. */
let list: ListPath | undefined;

/** For `send`; undefined while something is in the way. */
export function optionsNow(): ResidenceOptions | undefined {
  const state = identity.identity.value;
  const campaignNote = started.value?.campaignNote ?? null;
  const registration = state.kind === 'safe' ? state.record.registration : null;
  if (state.kind !== 'safe' || registration === null || campaignNote === null || provingFiles === undefined)
    return undefined;
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
