import { NsmError, type Nsm } from '@communique-tee/nsm';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import type { ClockWatch } from '../../runtime/clock-watch';
import type { Log } from '../../runtime/log';
import { attest } from '../keys/attest';
import type { KeyRing } from '../keys/key-ring';
import type { ProcessKeys } from './process-keys';

/** The longest delay of a rotation, and of the destruction of an ended key. Any use of the key ring also destroys ended keys. */
const EVERY_MS = 60_000;

export interface KeyMaintenanceParts {
  readonly ring: KeyRing;
  /** Null with custody `kms`, whose keys are made when a gateway can store them. */
  readonly processKeys: ProcessKeys | null;
  readonly nsm: Nsm;
  readonly clock: AnchoredClock;
  readonly clockWatch: ClockWatch;
  readonly log: Log;
}

/**
 * Once a minute: asks the NSM for the time, checks the machine's clock against that time, destroys the keys that have ended, and makes the
 * next per-process key when the current one is due for rotation. This also happens if the parent sends no requests.
 */
export class KeyMaintenance {
  private underWay: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: KeyMaintenanceParts) {}

  start(): void {
    this.timer = setInterval(() => void this.runOnce(), EVERY_MS).unref();
  }

  /** Runs a check now, or waits for the running one. Never rejects. */
  runOnce(): Promise<void> {
    this.underWay ??= this.maintain().finally(() => (this.underWay = undefined));
    return this.underWay;
  }

  /** Resolves when no check is running. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.underWay;
  }

  private async maintain(): Promise<void> {
    const { ring, processKeys, nsm, clock, clockWatch, log } = this.parts;
    try {
      await attest(nsm, clock, {});
      ring.destroyExpired();
      await processKeys?.rotateIfDue();
    } catch (error) {
      log.write('error', 'nsm_failed', { code: error instanceof NsmError ? error.code : 'internal_error' });
      // If the NSM failed, the clock continues from its earlier anchor
      ring.destroyExpired();
    }
    clockWatch.check();
  }
}
