import { Controller, Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import { HEALTH_REASONS } from '@communique-tee/protocol';
import { HealthCheckService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import * as z from 'zod';
import { statusOfProblem } from '../../core/problems/problem-of';
import { sendProblem } from '../../core/problems/send-problem';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { Readiness } from './readiness';
import { TeeIndicators } from './tee-indicators';
import { DATABASE_PROBLEMS } from '../../core/database/database';
import { Operation } from '../../core/routing/route-policy';

/** Terminus decides what is in it. */
const ANYTHING = { type: 'object', additionalProperties: true } as const;

/** The little of a Fastify reply that is needed here. */
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

  /** The process is up and its event loop turns; what it stands on is not asked. */
  @Get('health')
  @Operation({
    summary: 'Whether the gateway runs',
    description: 'Says nothing of what stands behind it.',
    answers: { '200': { description: 'It runs.', content: { 'application/json': ANYTHING } } },
  })
  @Header('cache-control', 'no-store')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Whether new work should be sent here. 503 from the first moment of a shutdown on, though what comes is still answered then, and while the database is away. */
  @Get('health/ready')
  @Operation({
    summary: 'Whether new work should be sent here',
    description:
      'For load balancers. From the first moment of a shutdown on it says no, while whatever still comes is answered for SHUTDOWN_DRAIN_MS; so it does while the database is away or takes nothing. A look at the database serves all who ask within a second. `keys` says whether an enclave is there that has its keys (`ready`, `waiting`, `unknown`), `enclave` whether one reports itself healthy, or why not (`clock_drift`, `every_certificate_refused`, `enclave_unhealthy`, `unknown`); neither changes the status.',
    answers: {
      '200': {
        description: 'Work may come.',
        content: {
          'application/json': z.strictObject({
            status: z.literal('ready'),
            keys: z.enum(['ready', 'waiting', 'unknown']),
            enclave: z.enum(['healthy', ...HEALTH_REASONS, 'enclave_unhealthy', 'unknown']),
          }),
        },
      },
    },
    problems: ['shutting_down', ...DATABASE_PROBLEMS],
  })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    void reply.header('cache-control', 'no-store');
    const problem = await this.readiness.problem();
    // Not thrown: a probe that asks every second through an outage would fill the log.
    if (problem === null)
      void reply.send({ status: 'ready', keys: this.readiness.keys(), enclave: this.readiness.enclave() });
    else sendProblem(reply, problem, statusOfProblem(problem));
  }

  /** Everything that delivery stands on. 503 where one thing is down; the body is the same and says which and why. */
  @Get('api/health/tee')
  @RateLimit('api')
  @Operation({
    summary: 'Whether messages can be accepted and delivered',
    description:
      'Enclave, its attestation, its keys, database, rate limits, queue and budget, each up or down with the reason. Of each enclave: `up`, and `reasons` (`clock_drift`: its machine’s clock is more than a minute off the attested time; `every_certificate_refused`: it refuses every certificate of a destination). Of each enclave’s keys: who guards them (`process`: nobody, they end with it), `state` (`waiting`: it takes no messages yet), the current key id, how many it holds, and why KMS is of no use to it, where it is not. `queue.waiting`: how many messages wait, as `0`, `below_10`, `below_100` or `100_or_more`; the exact count is in `/api/admin/status` and the metrics.',
    answers: {
      '200': { description: 'Everything is up.', content: { 'application/json': ANYTHING } },
      '503': { description: 'Something is down, and what.', content: { 'application/json': ANYTHING } },
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
      ]);
    } catch (error) {
      // Terminus throws its result; it is the answer here and no problem document.
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const result = error.getResponse();
      if (typeof result !== 'object') throw error;
      reply.status(503);
      return result;
    }
  }
}
