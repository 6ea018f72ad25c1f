import type { EnclaveHealth } from '@communique-tee/protocol';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { healthOf, type HealthParts } from './health';
import { HEALTH_PARTS } from './tokens';

@Controller('health')
export class HealthController {
  constructor(@Inject(HEALTH_PARTS) private readonly parts: HealthParts) {}

  /** Answers 200 even if the enclave is unhealthy. Then the body lists the reasons. */
  @Get()
  @Header('cache-control', 'no-store')
  health(): EnclaveHealth {
    return healthOf(this.parts);
  }
}
