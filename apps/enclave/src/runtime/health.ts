import type { ConnectionReport, EnclaveHealth, HealthReason } from '@communique-tee/protocol';
import type { AnchoredClock } from './anchored-clock';
import { driftState } from './clock-watch';

export interface HealthParts {
  enclaveId: string;
  clock: AnchoredClock;
  connections: { published(): ConnectionReport };
}

/**
 * Returns the answer of `GET /health`. It contains only what the parent can see anyway (docs/architecture.md, "What an enclave reports of
 * itself").
 */
export function healthOf({ enclaveId, clock, connections }: HealthParts): EnclaveHealth {
  const clockDriftMs = clock.driftMs();
  const report = connections.published();
  const reasons: HealthReason[] = [];
  if (driftState(clockDriftMs) === 'failed') reasons.push('clock_drift');
  if (report.certificatesRefused.length > 0) reasons.push('every_certificate_refused');
  return {
    healthy: reasons.length === 0,
    reasons,
    enclaveId,
    timestamp: new Date(clock.nowMs()).toISOString(),
    clockDriftMs,
    connections: report,
  };
}
