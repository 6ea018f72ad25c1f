import { Controller, Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { statusOfProblem } from '../../core/problems/problem-of';
import { sendProblem } from '../../core/problems/send-problem';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { Readiness } from './readiness';
import { TeeIndicators } from './tee-indicators';

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
  @Header('cache-control', 'no-store')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Whether new work should be sent here. 503 from the first moment of a shutdown on, though what comes is still answered then, and while the database is away. */
  @Get('health/ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    void reply.header('cache-control', 'no-store');
    const problem = await this.readiness.problem();
    // Not thrown: a probe that asks every second through an outage would fill the log.
    if (problem === null) void reply.send({ status: 'ready', keys: this.readiness.keys() });
    else sendProblem(reply, problem, statusOfProblem(problem));
  }

  /** Everything that delivery stands on. 503 where one thing is down; the body is the same and says which and why. */
  @Get('api/health/tee')
  @RateLimit('api')
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
