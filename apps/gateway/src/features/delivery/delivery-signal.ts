import { Injectable } from '@nestjs/common';

/**
 * Wakes this process's worker: call `notify` once a message and its job are committed. Workers elsewhere find the job by polling;
 * a call that is lost costs one polling interval and nothing else.
 */
@Injectable()
export class DeliverySignal {
  private listener: (() => void) | undefined;

  notify(): void {
    this.listener?.();
  }

  /** @internal for the worker */
  onNotify(listener: () => void): void {
    this.listener = listener;
  }
}
