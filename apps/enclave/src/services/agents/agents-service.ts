import { PRICE_TABLE, priceTableSha256 } from '@communique-tee/agents';
import {
  ATTEMPT_HEADER,
  DISPATCHED_BEFORE,
  DISPATCHED_BEFORE_HEADER,
  LIMITS,
  decodeAgentRequest,
  encodeAgentReply,
} from '@communique-tee/protocol';
import { ProblemError } from '../../runtime/problem-error';
import { defineService } from '../service';
import { agentsConfigSchema, agentsDestinations, agentsProblems, agentsSecrets } from './agents-config';
import type { AttemptNumber } from './reply-memory';
import { TaskService } from './task.service';

/** Asks a provider's model to do one task with a sealed text; the exchange is described in libs/protocol messages/relay.ts. */
export const agentsService = defineService({
  path: 'agents',
  configuration: agentsConfigSchema,
  limits: { maxRequestBytes: LIMITS.maxAgentRequestBytes },
  needs: (configuration) => ({
    destinations: agentsDestinations(configuration),
    secrets: agentsSecrets(configuration),
    problems: agentsProblems(configuration),
  }),
  published: ({ classes }) => ({
    classes,
    pricesVersion: PRICE_TABLE.version,
    pricesSha256: priceTableSha256(PRICE_TABLE),
  }),
  readRequest: (bytes, header) => ({
    bytes,
    request: decodeAgentRequest(bytes),
    ...readHeaders(header(ATTEMPT_HEADER), header(DISPATCHED_BEFORE_HEADER)),
  }),
  open(configuration, core) {
    const tasks = new TaskService(core, configuration, PRICE_TABLE);
    return (call, left) => tasks.handle(call, left);
  },
  encodeAnswer: encodeAgentReply,
});

/** @throws ProblemError `malformed_body` for a value that the protocol does not know */
function readHeaders(
  attempt: string | undefined,
  dispatchedBefore: string | undefined,
): { attempt: AttemptNumber; dispatchedBefore: boolean } {
  if ((attempt !== '1' && attempt !== '2') || ![undefined, DISPATCHED_BEFORE].includes(dispatchedBefore))
    throw new ProblemError('malformed_body', { detail: 'the header of the attempt' });
  return { attempt: attempt === '1' ? 1 : 2, dispatchedBefore: dispatchedBefore !== undefined };
}
