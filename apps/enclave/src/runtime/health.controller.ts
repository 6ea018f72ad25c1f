import type { EnclaveHealth } from '@communique-tee/protocol';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { healthOf, type HealthParts } from './health';
import { HEALTH_PARTS } from './tokens';

@Controller('health')
export class HealthController {
  constructor(@Inject(HEALTH_PARTS) private readonly parts: HealthParts) {}

  /** Answers 200 whether the enclave is healthy or not. The body says which, and why. */
  @Get()
  @Header('cache-control', 'no-store')
  health(): EnclaveHealth {
    return healthOf(this.parts);
  }
}
