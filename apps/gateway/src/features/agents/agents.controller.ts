import {
  agentOfferSchema,
  agentRequestJsonSchema,
  agentResultSchema,
  isProviderFailure,
  type AgentOffer,
  type AgentResult,
} from '@communique-tee/protocol';
import { Controller, Get, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DATABASE_PROBLEMS } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { BINARY, type Tag } from '../../core/routing/operation';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { Operation } from '../../core/routing/route-policy';
import { Authenticated } from '../auth/authenticated';
import { Caller, type CallerIdentity } from '../auth/caller';
import { AgentCalls } from './agent-calls';
import { exampleTask, OFFER_EXAMPLE, OFFER_OFF_EXAMPLE, RESULT_EXAMPLE } from './agent-examples';
import { AgentOffers } from './agent-offers';
import { readAgentRequest } from './read-agent-request';

const AGENTS: Tag = {
  name: 'Agents',
  description: 'Ask a model for help with a draft. The task and its answer are sealed.',
};

@Controller('api/agents')
export class AgentsController {
  constructor(
    private readonly calls: AgentCalls,
    private readonly offers: AgentOffers,
  ) {}

  @Get()
  @RateLimit('api')
  @Operation({
    id: 'getAgents',
    tag: AGENTS,
    summary: 'Get the model classes that tasks can name',
    description:
      'The model classes that enclaves attest, and which of them are off now. A client should use only `on` and `available` from this answer, and take the classes from the attested configuration.',
    answers: {
      '200': {
        description: 'The model classes. The list is empty if the gateway takes no tasks.',
        content: {
          'application/json': { schema: agentOfferSchema, examples: { on: OFFER_EXAMPLE, off: OFFER_OFF_EXAMPLE } },
        },
        headers: { 'Cache-Control': 'May be cached for ten seconds, also by shared caches.' },
      },
    },
    problems: [...DATABASE_PROBLEMS],
  })
  @Header('cache-control', 'public, max-age=10')
  offer(): Promise<AgentOffer> {
    return this.offers.offer();
  }

  @Post()
  @HttpCode(200)
  @Authenticated()
  @RateLimit('api')
  @Operation({
    id: 'submitAgentTask',
    tag: AGENTS,
    summary: 'Submit a sealed task for a model',
    description:
      'The enclave opens the task, asks the provider of the model class, and seals the answer for the sender. The gateway reserves the most that an attempt can cost, and then books the cost that the enclave signs. For ten minutes the same bytes get the same answer and cost nothing, so repeat them after a cut connection, a time-out or a 503. After `outcome_unknown` the gateway does not send these bytes again: seal a new task. A user can have one task at a time.',
    body: {
      'application/json': { schema: agentRequestJsonSchema, examples: { task: exampleTask } },
      'application/cbor': {
        schema: {
          ...BINARY,
          description: 'Canonical CBOR: `[1, model class, most output tokens, bytes of the sealed task]`.',
        },
      },
    },
    answers: {
      '200': {
        description: 'The sealed answer, and the signed usage statement with its cost.',
        content: { 'application/json': { schema: agentResultSchema, examples: { answer: RESULT_EXAMPLE } } },
      },
    },
    problems: [
      ...DATABASE_PROBLEMS,
      'malformed_body',
      'body_too_large',
      'unsupported_media_type',
      'suite_unsupported',
      'model_class_unknown',
      'agents_off',
      'key_retired',
      'message_id_taken',
      'outcome_unknown',
      'message_expired',
      'expiry_out_of_range',
      'sealed_message_refused',
      'task_running',
      'agent_share_reached',
      'user_daily_limit_reached',
      'enclave_answer_invalid',
      'model_off',
      'provider_unavailable',
      'system_hourly_limit_reached',
      'system_daily_limit_reached',
      'emergency_stop',
      'enclave_unavailable',
      'enclave_busy',
      'keys_not_ready',
      'enclave_timeout',
    ],
  })
  async run(
    @Req() request: FastifyRequest,
    @Caller() { owner }: CallerIdentity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AgentResult> {
    const task = readAgentRequest(request.body);
    const left = new AbortController();
    reply.raw.once('close', () => {
      left.abort();
    });
    const { attempts, claims, reply: replied } = await this.calls.run(task, { owner, left: left.signal });
    const { statement } = replied;
    const attestationDocument = Buffer.from(replied.attestationDocument).toString('base64');
    if (isProviderFailure(claims.end))
      throw new ProblemError('provider_unavailable', {
        failure: { reason: claims.end, statement, attestationDocument },
      });
    const answer = Buffer.from(replied.answer).toString('base64');
    return { id: task.requestId, answer, statement, attestationDocument, attempts };
  }
}
