import { Controller, Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { statusOfProblem } from '../../core/problems/problem-of';
import { sendProblem } from '../../core/problems/send-problem';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import {
  LIVENESS_EXAMPLE,
  livenessSchema,
  READINESS_EXAMPLE,
  readinessSchema,
  TEE_DOWN_EXAMPLE,
  TEE_UP_EXAMPLE,
  teeHealthSchema,
} from './health-views';
import { Readiness } from './readiness';
import { TeeIndicators } from './tee-indicators';
import { DATABASE_PROBLEMS } from '../../core/database/database';
import type { Tag } from '../../core/routing/operation';
import { Operation } from '../../core/routing/route-policy';

export const HEALTH: Tag = {
  name: 'Health',
  description: 'For load balancers and monitoring, and for people who want to know whether the service works.',
};

interface Reply {
  status(code: number): unknown;
}

@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: TeeIndicators,
    private readonly readiness: Readiness,
  ) {}

  @Get('health')
  @Operation({
    id: 'getLiveness',
    tag: HEALTH,
    summary: 'Check whether the gateway runs',
    description: 'The answer shows only that the process runs. The gateway checks no dependency for it.',
    answers: {
      '200': {
        description: 'It runs.',
        content: { 'application/json': { schema: livenessSchema, examples: { up: LIVENESS_EXAMPLE } } },
      },
    },
  })
  @Header('cache-control', 'no-store')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @Operation({
    id: 'getReadiness',
    tag: HEALTH,
    summary: 'Check whether new work may be sent here',
    description:
      'For load balancers. The answer is 503 while the database is unreachable or accepts no writes. It is also 503 while an enclave attests another configuration of the proof of residence than this gateway has. From the start of a shutdown it is 503 too; the gateway answers other requests for another `SHUTDOWN_DRAIN_MS`. The gateway asks the database at most once a second.',
    answers: {
      '200': {
        description: 'New work may be sent here.',
        content: { 'application/json': { schema: readinessSchema, examples: { ready: READINESS_EXAMPLE } } },
      },
    },
    problems: ['shutting_down', 'residence_disagrees', ...DATABASE_PROBLEMS],
  })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    void reply.header('cache-control', 'no-store');
    const problem = await this.readiness.problem();
    // Not thrown, because thrown problems are logged, and frequent probes would fill the log during an outage.
    if (problem === null)
      void reply.send({ status: 'ready', keys: this.readiness.keys(), enclave: this.readiness.enclave() });
    else sendProblem(reply, problem, statusOfProblem(problem));
  }

  @Get('api/health/tee')
  @RateLimit('api')
  @Operation({
    id: 'getTeeHealth',
    tag: HEALTH,
    summary: 'Check whether messages can be accepted and delivered',
    description:
      'Reports the state of the enclave, its attestation, its keys, the database, the rate limits (`redis`), the queue, the budget and the tasks for models (`agents`). Each is up, degraded or down, with the reason; `agents` is never down.',
    answers: {
      '200': {
        description: 'No part is down.',
        content: { 'application/json': { schema: teeHealthSchema, examples: { up: TEE_UP_EXAMPLE } } },
      },
      '503': {
        description: 'At least one part is down. The body has the same form as that of 200.',
        content: { 'application/json': { schema: teeHealthSchema, examples: { down: TEE_DOWN_EXAMPLE } } },
      },
    },
  })
  @Header('cache-control', 'no-store')
  async tee(@Res({ passthrough: true }) reply: Reply): Promise<object> {
    const { indicators } = this;
    try {
      return await this.health.check([
        () => indicators.enclave(),
        () => indicators.attestation(),
        () => indicators.keys(),
        () => indicators.database(),
        () => indicators.redis(),
        () => indicators.queue(),
        () => indicators.budget(),
        () => indicators.agents(),
      ]);
    } catch (error) {
      // Terminus throws its result if a part is down. The answer is that result, not a problem document.
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const result = error.getResponse();
      if (typeof result !== 'object') throw error;
      reply.status(503);
      return result;
    }
  }
}
