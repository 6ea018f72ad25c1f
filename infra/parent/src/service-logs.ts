import type { LOG_GROUPS } from './settings';

/** The log of one of our services. systemd appends to the file (10-hardening.conf); all instances of a template unit share it. */
export interface ServiceLog {
  /** The unit's name without `communique-`, such as `gateway`. */
  readonly service: string;
  /** The log file's path on the parent. */
  readonly path: string;
  /** The log group, below the stack's prefix. */
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

/** The logs of all services. @param paths the paths of the rendered files */
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
 * Lines for systemd-tmpfiles, which makes the log files before systemd would. systemd would use the service's UMask, so that only root
 * could read them. The files get the CloudWatch agent's own group, because not all threads of the agent have its supplementary groups.
 */
export function serviceLogFiles(logs: readonly ServiceLog[]): string {
  return `# The logs of our services. Without these lines systemd would make them readable only for root.\n${logs
    .map(({ path }) => `f ${path} 0640 root cwagent -\n`)
    .join('')}`;
}
