import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';

/**
 * The state of a shutdown. Nest awaits `onModuleDestroy` before any other step. First the gateway drains: readiness fails but requests are
 * still served, so that a load balancer that reacts late gets no refusals. Then new requests are refused while running ones finish.
 */
@Injectable()
export class ShutdownState implements OnModuleDestroy {
  /** True from the signal on. */
  draining = false;
  /** True once draining has ended. */
  begun = false;

  constructor(@Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'shutdown'>) {}

  async onModuleDestroy(): Promise<void> {
    this.draining = true;
    const { drainMs } = this.config.shutdown;
    if (drainMs > 0) await sleep(drainMs);
    this.begun = true;
  }
}
