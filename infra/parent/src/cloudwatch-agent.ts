import type { ServiceLog } from './service-logs';
import { CONNECTION_ENDS } from '@communique-tee/protocol';
import type { ParentSettings } from './settings';

/** Namespace of the gateway's metrics and the parent's. All metrics of the gateway have the dimension `stack`. */
export const METRIC_NAMESPACE = 'CommuniqueTee';

/** The number of values of each label that becomes a dimension. CloudWatch bills every combination as a metric (infra/src/cost). */
export const LABEL_VALUES = { enclave: 1, outcome: CONNECTION_ENDS.length, store: 2, window: 2 } as const;

/**
 * The metrics of the gateway (docs/operations.md, "Metrics") that an alarm or the dashboard reads, each with the labels that become
 * dimensions beside `stack`. The agent sends no other metrics of the gateway, because CloudWatch bills every combination of values as one.
 */
export const GATEWAY_METRICS: Readonly<Record<string, readonly (keyof typeof LABEL_VALUES)[]>> = {
  communique_attestation_trusted: ['enclave'],
  communique_enclave_clock_error_seconds: ['enclave'],
  // The next two metrics have further labels, which do not become dimensions: destination; destination and enclave. So CloudWatch gets
  // several samples per minute. Use only Maximum for the first metric, and only Sum for the second.
  communique_enclave_certificates_refused: ['enclave'],
  communique_enclave_connections_total: ['outcome'],
  communique_queue_jobs: [],
  communique_queue_due_jobs: [],
  communique_queue_oldest_due_seconds: [],
  communique_messages_accepted_total: [],
  communique_admission_refusals_total: [],
  communique_emergency_stop: [],
  communique_budget_used_ratio: ['window'],
  communique_agent_alarms_total: [],
  communique_agent_models_off: [],
  communique_agent_overdue_total: [],
  communique_agent_statements_refused_total: [],
  communique_residence_root_seconds_left: [],
  communique_database_up: [],
  communique_rate_limits_store: ['store'],
  communique_unexpected_errors_total: [],
};

const MINUTE = 60;

/** /etc/communique/cloudwatch-agent.json. The agent reads log files, because not every version of it can read the journal. */
export function cloudwatchAgent(settings: ParentSettings, services: readonly ServiceLog[]): object {
  const file = (path: string, group: string, name: string) => ({
    file_path: path,
    log_group_name: `${settings.logGroupPrefix}/${group}`,
    log_stream_name: `{instance_id}/${name}`,
    timezone: 'UTC',
  });
  const labelSets = new Map<string, { labels: readonly string[]; names: string[] }>();
  for (const [name, labels] of Object.entries(GATEWAY_METRICS)) {
    const key = labels.join();
    labelSets.set(key, { labels, names: [...(labelSets.get(key)?.names ?? []), name] });
  }
  const declaration = (names: readonly string[], labels: readonly string[]) => ({
    source_labels: ['job'],
    label_matcher: '^gateway$',
    dimensions: [['stack', ...labels]],
    metric_selectors: names.map((name) => `^${name}$`),
  });
  return {
    agent: { metrics_collection_interval: MINUTE, run_as_user: 'cwagent', region: settings.region },
    logs: {
      logs_collected: {
        files: {
          collect_list: [
            ...services.map(({ path, group, service }) => file(path, group, service)),
            file('/var/log/nitro_enclaves/nitro_enclaves.log', 'parent', 'nitro-cli'),
            file('/var/log/cloud-init-output.log', 'parent', 'cloud-init'),
            file('/var/log/communique-nginx/access.log', 'nginx', 'access'),
          ],
        },
      },
      metrics_collected: {
        prometheus: {
          prometheus_config_path: '/etc/communique/prometheus.yaml',
          log_group_name: `${settings.logGroupPrefix}/metrics`,
          emf_processor: {
            metric_declaration_dedup: true,
            metric_namespace: METRIC_NAMESPACE,
            metric_declaration: [...labelSets.values()].map(({ names, labels }) => declaration(names, labels)),
          },
        },
      },
      force_flush_interval: 15,
    },
    metrics: {
      namespace: METRIC_NAMESPACE,
      append_dimensions: { InstanceId: '${aws:InstanceId}', AutoScalingGroupName: '${aws:AutoScalingGroupName}' },
      aggregation_dimensions: [['AutoScalingGroupName']],
      metrics_collected: {
        mem: { measurement: ['mem_used_percent'] },
        disk: {
          resources: ['/', ...(settings.database.at === 'parent' ? ['/srv/communique'] : [])],
          measurement: ['disk_used_percent'],
          drop_device: true,
        },
        netstat: { measurement: ['netstat_tcp_established'] },
      },
    },
  };
}

/** /etc/communique/prometheus.yaml, written as JSON, which is YAML too. */
export function prometheusScrape(settings: ParentSettings, metricsPort: number): object {
  return {
    global: { scrape_interval: '1m', scrape_timeout: '10s' },
    scrape_configs: [
      {
        job_name: 'gateway',
        sample_limit: 10_000,
        static_configs: [{ targets: [`127.0.0.1:${String(metricsPort)}`], labels: { stack: settings.stack } }],
      },
    ],
  };
}
