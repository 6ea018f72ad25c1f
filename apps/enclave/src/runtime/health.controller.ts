import type { EnclaveHealth } from '@communique-tee/protocol';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import type { Clock } from './clock';
import { CLOCK, ENCLAVE_ID } from './tokens';

@Controller('health')
export class HealthController {
  constructor(
    @Inject(ENCLAVE_ID) private readonly enclaveId: string,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Reachability only: what proves anything is the attestation document. */
  @Get()
  @Header('cache-control', 'no-store')
  health(): EnclaveHealth {
    return { healthy: true, enclaveId: this.enclaveId, timestamp: new Date(this.clock.nowMs()).toISOString() };
  }
}
