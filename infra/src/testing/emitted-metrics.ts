import type { SeenResource } from '../mock-aws';

export interface MetricId {
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
}

/** A metric that a program or service publishes. A dimension whose value is undefined matches every value. */
export interface Emitted {
  namespace: string;
  metric: string;
  dimensions: Record<string, string | undefined>;
}

interface AgentConfig {
  logs: {
    metrics_collected: {
      prometheus: {
        emf_processor: {
          metric_namespace: string;
          metric_declaration: { dimensions: string[][]; metric_selectors: string[] }[];
        };
      };
    };
  };
  metrics: {
    namespace: string;
    append_dimensions: Record<string, string>;
    aggregation_dimensions: string[][];
    metrics_collected: Record<string, { measurement: string[] }>;
  };
}

/**
 * Returns the metrics that the CloudWatch agent publishes with this configuration. A declaration names the labels that become the dimensions
 * of a Prometheus metric. The agent publishes each metric of the machine once for each list in `aggregation_dimensions` (AWS, "CloudWatch
 * agent configuration file").
 *
 * @param values the values of the dimensions that are known in advance
 */
export function emittedByAgent(config: object, values: Record<string, string>): Emitted[] {
  const { logs, metrics } = config as AgentConfig;
  const { metric_namespace, metric_declaration } = logs.metrics_collected.prometheus.emf_processor;
  const valued = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, values[name]]));
  return [
    ...metric_declaration.flatMap(({ dimensions, metric_selectors }) =>
      metric_selectors.flatMap((selector) =>
        dimensions.map((names) => ({
          namespace: metric_namespace,
          metric: selector.slice(1, -1),
          dimensions: valued(names),
        })),
      ),
    ),
    ...Object.values(metrics.metrics_collected).flatMap(({ measurement }) =>
      measurement.flatMap((metric) =>
        metrics.aggregation_dimensions.map((names) => {
          for (const name of names)
            if (metrics.append_dimensions[name] === undefined) throw new Error(`the agent knows no dimension ${name}`);
          return { namespace: metrics.namespace, metric, dimensions: valued(names) };
        }),
      ),
    ),
  ];
}

/**
 * Returns those of the AWS services' metrics about a stack that an alarm may read. Each comment names the page of AWS's documentation that
 * lists the metric's dimensions.
 */
export function emittedByServices(resources: readonly SeenResource[]): Emitted[] {
  const of = <T>(type: string): T[] =>
    resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs as T);
  return [
    // "CloudWatch metrics for Auto Scaling": group metrics exist only once they are enabled.
    ...of<{ name: string; enabledMetrics?: string[] }>('aws:autoscaling/group:Group').flatMap(
      ({ name, enabledMetrics = [] }) =>
        enabledMetrics.map((metric) => ({
          namespace: 'AWS/AutoScaling',
          metric,
          dimensions: { AutoScalingGroupName: name },
        })),
    ),
    // "Supported CloudWatch metrics" of ACM.
    ...of<{ certificateArn?: string }>('aws:lb/listener:Listener').flatMap(({ certificateArn }) =>
      certificateArn === undefined
        ? []
        : [
            {
              namespace: 'AWS/CertificateManager',
              metric: 'DaysToExpiry',
              dimensions: { CertificateArn: certificateArn },
            },
          ],
    ),
    // "Amazon CloudWatch metrics for Amazon RDS".
    ...of<{ identifier: string }>('aws:rds/instance:Instance').map(({ identifier }) => ({
      namespace: 'AWS/RDS',
      metric: 'FreeStorageSpace',
      dimensions: { DBInstanceIdentifier: identifier },
    })),
    // "Metrics for Valkey and Redis OSS": each node has its own. The names of a group's nodes end with -001, -002, ...
    ...of<{ replicationGroupId: string; numCacheClusters: number }>(
      'aws:elasticache/replicationGroup:ReplicationGroup',
    ).flatMap(({ replicationGroupId, numCacheClusters }) =>
      Array.from({ length: numCacheClusters }, (_, index) => ({
        namespace: 'AWS/ElastiCache',
        metric: 'DatabaseMemoryUsagePercentage',
        dimensions: { CacheClusterId: `${replicationGroupId}-${String(index + 1).padStart(3, '0')}` },
      })),
    ),
    // "Monitoring Amazon EventBridge".
    ...of<{ name: string }>('aws:cloudwatch/eventRule:EventRule').map(({ name }) => ({
      namespace: 'AWS/Events',
      metric: 'FailedInvocations',
      dimensions: { RuleName: name },
    })),
    // "Creating metrics from log events": without dimensions in the filter the metric has none.
    ...of<{ metricTransformation: { name: string; namespace: string } }>(
      'aws:cloudwatch/logMetricFilter:LogMetricFilter',
    ).map(({ metricTransformation: { name, namespace } }) => ({ namespace, metric: name, dimensions: {} })),
  ];
}

/** Whether the wanted metric is published: the same namespace, name and dimensions, and no dimension with another value. */
export const isEmitted = (wanted: MetricId, emitted: readonly Emitted[]): boolean =>
  emitted.some(
    ({ namespace, metric, dimensions }) =>
      namespace === wanted.namespace &&
      metric === wanted.metric &&
      Object.keys(dimensions).sort().join() === Object.keys(wanted.dimensions).sort().join() &&
      Object.entries(dimensions).every(([name, value]) => value === undefined || value === wanted.dimensions[name]),
  );
