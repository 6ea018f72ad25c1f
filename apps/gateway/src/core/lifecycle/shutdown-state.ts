import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';

/**
 * Nest calls this hook before any other of its shutdown, and waits for it. Draining: readiness says no, and everything else goes on
 * as before, so that nobody who is late to notice meets a refusal. Then new requests are turned away while those that run are finished.
 */
@Injectable()
export class ShutdownState implements OnModuleDestroy {
  /** From the signal on. */
  draining = false;
  /** After draining. */
  begun = false;

  constructor(@Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'shutdown'>) {}

  async onModuleDestroy(): Promise<void> {
    this.draining = true;
    const { drainMs } = this.config.shutdown;
    if (drainMs > 0) await sleep(drainMs);
    this.begun = true;
  }
}
