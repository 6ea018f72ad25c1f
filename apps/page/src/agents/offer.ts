// The models that the enclave attests. `available` tells whether the gateway accepts tasks for a model now.
import type { EnclaveConfiguration, ModelOffer } from '@communique-tee/client';
import { agentOfferSchema, type AgentOffer } from '@communique-tee/protocol';
import { computed, signal } from '@preact/signals';
import { askForJson } from '../trust/ask';
import { trust } from '../trust/trust';

const MAX_BYTES = 32 * 1024;

const told = signal<AgentOffer | undefined>(undefined);

export const models = computed(() =>
  modelsOf(trust.value.kind === 'verified' ? trust.value.key.configuration : undefined, told.value),
);

/** @throws NoAnswer, or Error if the answer is not an offer; then `models` keeps the earlier offer */
export async function refreshOffer(): Promise<void> {
  const { json } = await askForJson('/api/agents', { maxBytes: MAX_BYTES });
  told.value = agentOfferSchema.parse(json);
}

/** Returns the attested models; empty if the gateway takes no tasks. The gateway is trusted only for `available`. */
export function modelsOf(
  configuration: Pick<EnclaveConfiguration, 'services'> | undefined,
  offer: AgentOffer | undefined,
): readonly ModelOffer[] {
  if (offer?.on !== true) return [];
  const available = new Set(offer.classes.filter((each) => each.available).map(({ id }) => id));
  return (configuration?.services.agents?.classes ?? []).map((each) => ({
    ...each,
    available: available.has(each.id),
  }));
}
