import { agentOfferSchema, type AgentOffer } from '@communique-tee/protocol';
import type { KeyOptions, ModelOffer } from '../api';
import { asClientError } from '../as-client-error';
import { ClientError } from '../errors';
import { readJson, request, withSignal } from '../http';
import type { Sender } from '../send-message';
import { callListener } from '../sending';

const TIMEOUT_MS = 15_000;

/**
 * Returns the model classes that the enclave attests. The gateway decides only whether each is available now.
 * @throws ClientError
 */
export async function offeredModels(sender: Sender, { signal, onState }: KeyOptions): Promise<readonly ModelOffer[]> {
  const tell = (state: Parameters<NonNullable<typeof onState>>[0]) => {
    callListener(onState, state);
  };
  const { configuration } = await sender.keys.attest({ signal, onState: tell });
  if (configuration === undefined)
    throw new ClientError('model_refused', 'the gateway does not give the configuration that the enclave attests', {
      reason: 'configuration_missing',
    });
  const classes = configuration.services.agents?.classes ?? [];
  if (classes.length === 0) return [];
  try {
    const offer = await fetchOffer(sender.gateway, signal);
    return classes.map((each) => ({
      ...each,
      available: offer.on && offer.classes.some(({ id, available }) => id === each.id && available),
    }));
  } catch (error) {
    throw asClientError(error, signal);
  }
}

/** @throws ClientError `refused` | `answer_invalid` */
async function fetchOffer(gateway: URL, signal: AbortSignal | undefined): Promise<AgentOffer> {
  const answer = await request(new URL('/api/agents', gateway), { headers: {}, ...withSignal(signal) }, TIMEOUT_MS);
  const parsed = agentOfferSchema.safeParse(readJson(answer));
  if (!parsed.success) throw new ClientError('answer_invalid', 'the answer does not list model classes');
  return parsed.data;
}
