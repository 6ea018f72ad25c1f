import type { LOG_GROUPS } from './settings';

/** The log of one of our services. systemd appends to it (10-hardening.conf); all instances of a template share one. */
export interface ServiceLog {
  /** Without `communique-`, e.g. `gateway`. */
  readonly service: string;
  /** On the parent. */
  readonly path: string;
  /** Below the stack's prefix. */
  readonly group: (typeof LOG_GROUPS)[number];
}

/** Services whose log belongs to another group than `parent`. */
const GROUPS: Readonly<Record<string, ServiceLog['group']>> = {
  gateway: 'gateway',
  migrate: 'gateway',
  enclave: 'enclave',
  'enclave-log': 'enclave',
  nginx: 'nginx',
  postgresql: 'database',
  redis: 'database',
};

/** @param paths of the rendered files: each service among them has a log */
export function serviceLogs(paths: Iterable<string>): readonly ServiceLog[] {
  return [...paths]
    .flatMap((path) => /^\/etc\/systemd\/system\/communique-([a-z-]+)@?\.service$/.exec(path)?.[1] ?? [])
    .sort()
    .map((service) => ({
      service,
      path: `/var/log/communique/communique-${service}.log`,
      group: GROUPS[service] ?? 'parent',
    }));
}

/**
 * For systemd-tmpfiles. systemd would create these files with the UMask of their service, readable only by root; it leaves an existing
 * file unchanged. The CloudWatch agent reads them by its own group: it does not keep further groups in all of its threads.
 */
export function serviceLogFiles(logs: readonly ServiceLog[]): string {
  return `# The logs of our services, before systemd makes them for root alone.\n${logs
    .map(({ path }) => `f ${path} 0640 root cwagent -\n`)
    .join('')}`;
}
