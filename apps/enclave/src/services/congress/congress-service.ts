import {
  DISPATCHED_BEFORE_HEADER,
  INTERIM_RECEIPT_HEADER,
  LIMITS,
  OFFICES_AS_OF,
  CHAMBER_KEYS,
  encodeRelayAnswer,
  forEachChamber,
} from '@communique-tee/protocol';
import { defineService } from '../service';
import { congressConfigSchema, congressDestinations, congressSecrets } from './cwc/congress-config';
import { createCongress } from './cwc/congress';
import { readAttemptHeaders } from './earlier-attempts';
import { MessageService } from './message.service';
import { Reporter } from './report';

/** Delivers a sealed message to the offices that it names. libs/protocol messages/relay.ts describes requests and answers. */
export const congressService = defineService({
  path: 'messages',
  configuration: congressConfigSchema,
  limits: { maxRequestBytes: LIMITS.maxEnvelopeBytes },
  needs: (configuration) => ({
    destinations: congressDestinations(configuration),
    secrets: congressSecrets(configuration),
    problems: replayProblems(configuration),
  }),
  published: ({ acceptReplayAcrossEnclaves, ...configuration }) => ({
    acceptReplayAcrossEnclaves,
    officesAsOf: OFFICES_AS_OF,
    ...forEachChamber((chamber) => {
      const { origin, deduplicates } = configuration[chamber];
      return { origin, deduplicates };
    }),
  }),
  readRequest: (sealed, header) => ({
    sealed,
    attempts: readAttemptHeaders(header(DISPATCHED_BEFORE_HEADER), header(INTERIM_RECEIPT_HEADER)),
  }),
  open(configuration, core) {
    const congress = createCongress(configuration, core.egress, core.clock, core.secrets);
    const messages = new MessageService(core, congress, new Reporter(core.clock), configuration);
    return ({ sealed, attempts }) => messages.handle(sealed, attempts);
  },
  encodeAnswer: encodeRelayAnswer,
});

/**
 * Returns a problem for each chamber that does not de-duplicate, unless the operator accepted the risk: a lying parent could have a message
 * delivered by two enclaves. With KMS-sealed keys it gives the message to both. With per-process keys it reports that the key is lost, and
 * the sender seals the message again for the second enclave. Only the chamber can stop the second delivery, because delivery-memory.ts
 * covers one process.
 */
function replayProblems(configuration: Parameters<typeof congressSecrets>[0]): string[] {
  if (configuration.acceptReplayAcrossEnclaves) return [];
  return CHAMBER_KEYS.filter((chamber) => !configuration[chamber].deduplicates).map(
    (chamber) =>
      `${chamber}.deduplicates: must be true, because a lying parent can otherwise have a message delivered twice; to accept that, set acceptReplayAcrossEnclaves`,
  );
}
