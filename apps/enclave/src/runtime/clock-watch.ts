import type { AnchoredClock } from './anchored-clock';
import type { Log, LogLevel } from './log';

/**
 * A larger drift is logged as a warning. A smaller one is normal: init sets the machine's clock from the NSM only every hour, and the NSM's
 * time may be in whole seconds.
 */
export const DRIFT_WARNING_MS = 5_000;
/** A larger drift makes the enclave report itself unhealthy, because OpenSSL judges certificates by the machine's clock. */
export const DRIFT_FAILURE_MS = 60_000;

type DriftState = 'within_bounds' | 'warning' | 'failed';
const LEVELS = { within_bounds: 'info', warning: 'warn', failed: 'error' } as const satisfies Record<
  DriftState,
  LogLevel
>;

export function driftState(driftMs: number): DriftState {
  const off = Math.abs(driftMs);
  if (off > DRIFT_FAILURE_MS) return 'failed';
  return off > DRIFT_WARNING_MS ? 'warning' : 'within_bounds';
}

/** Logs `clock_drift` when the state of the machine's clock changes. */
export class ClockWatch {
  private last: DriftState = 'within_bounds';

  constructor(
    private readonly clock: AnchoredClock,
    private readonly log: Log,
  ) {}

  check(): void {
    const driftMs = this.clock.driftMs();
    const state = driftState(driftMs);
    if (state === this.last) return;
    this.last = state;
    this.log.write(LEVELS[state], 'clock_drift', { outcome: state, driftMs });
  }
}
