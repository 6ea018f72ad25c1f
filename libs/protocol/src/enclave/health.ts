import * as z from 'zod';
import { PROVIDERS, type Provider } from '../agents/vocabulary';
import { CHAMBER_KEYS, type Chamber } from '../congress/chambers';

/** The destinations of an enclave's connections. */
export type EnclaveDestination = Chamber | 'kms' | Provider;
export const ENCLAVE_DESTINATIONS: readonly EnclaveDestination[] = [...CHAMBER_KEYS, 'kms', ...PROVIDERS];

/** How an attempt to open a TLS connection ended, before the first byte of a request. */
export const CONNECTION_ENDS = [
  'connected',
  'name_not_resolved',
  'unreachable',
  'connect_timeout',
  'certificate_refused',
  'tls_failed',
] as const;
export type ConnectionEnd = (typeof CONNECTION_ENDS)[number];

/**
 * Why an enclave reports itself unhealthy. `clock_drift`: the machine's clock differs from the attested time by more than a minute.
 * `every_certificate_refused`: the enclave refused all the latest certificates of at least one destination.
 */
export const HEALTH_REASONS = ['clock_drift', 'every_certificate_refused'] as const;
export type HealthReason = (typeof HEALTH_REASONS)[number];

const countSchema = z.int().min(0);
const endsSchema = z.object(recordOf(CONNECTION_ENDS, countSchema));

/** The published counts of an enclave's connections, updated every five minutes. */
export const connectionReportSchema = z.object({
  /** Since the enclave started. */
  totals: z.object(recordOf(ENCLAVE_DESTINATIONS, endsSchema)),
  /**
   * Destinations whose latest certificates the enclave all refused. A destination leaves the list after an accepted certificate, or after
   * about two hours without a refusal.
   */
  certificatesRefused: z.array(z.string().max(64)).max(16),
});
export type ConnectionReport = z.infer<typeof connectionReportSchema>;

/** `GET /health` of the enclave. It is not signed, so it proves nothing. */
export const enclaveHealthSchema = z.object({
  /** Whether `reasons` is empty. */
  healthy: z.boolean(),
  /** Values of HEALTH_REASONS. A newer enclave may have others. */
  reasons: z.array(z.string().max(64)).max(16),
  /** A random id of the enclave's process. */
  enclaveId: z.string().max(64),
  /** ISO 8601, by the attested time. */
  timestamp: z.iso.datetime(),
  /** Attested time minus the machine's clock, in milliseconds. */
  clockDriftMs: z.number(),
  connections: connectionReportSchema,
});
export type EnclaveHealth = z.infer<typeof enclaveHealthSchema>;

function recordOf<Key extends string, Value>(keys: readonly Key[], value: Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, value])) as Record<Key, Value>;
}
