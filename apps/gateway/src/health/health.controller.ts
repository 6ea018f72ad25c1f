import { Controller, Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService } from '@nestjs/terminus';
import { RateLimit } from '../limits/rate-limit.decorator';
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
  ) {}

  /** The process is up and its event loop turns; what it stands on is not asked. */
  @Get('health')
  @Header('cache-control', 'no-store')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
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
