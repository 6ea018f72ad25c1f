// Whether the message is sent with a proof of residence. It depends on what the enclave attests, what this page can do, and the person's
// choice.
import { computed, signal } from '@preact/signals';
import { keepInTab, keptInTab } from '../tab';
import { site, trust } from '../trust/trust';

/** What the enclave attests about proofs; null if the enclave takes none, or is not verified. */
export const attestedResidence = computed(() => {
  const residence = trust.value.kind === 'verified' ? trust.value.key.configuration?.residence : undefined;
  return residence === undefined || residence.mode === 'off' ? null : residence;
});

/** Whether this page can make proofs, as the gateway reports. A page that tried without this check would fail only at the end of a proof. */
export const canProve = computed(() => site.value?.provesResidence === true);

const KEY = 'communique-tee sends with';
const wanted = signal(keptInTab(KEY) === 'proof');

/** Whether this message is sent with a proof, and so without a sign-in. */
export const proves = computed(() => {
  const residence = attestedResidence.value;
  return residence !== null && (residence.mode === 'required' || (canProve.value && wanted.value));
});

/**
 * Records the person's choice where a proof is optional. The tab remembers it, because the page may be loaded again, even while it makes a
 * proof.
 */
export function chooseProof(proof: boolean): void {
  wanted.value = proof;
  keepInTab(KEY, proof ? 'proof' : undefined);
}
