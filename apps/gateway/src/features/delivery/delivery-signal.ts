import { Injectable } from '@nestjs/common';

/**
 * Wakes this process's worker. Call `notify` when a message and its job are committed. Workers of other processes find the job by polling;
 * a lost call only delays the job by one polling interval.
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
