import { LogMetricFilter } from '@pulumi/aws/cloudwatch/logMetricFilter.js';
import type { ComponentResourceOptions } from '@pulumi/pulumi';
import { METRIC_NAMESPACE } from '../../parent/src';
import { Part } from './part';

/** What only a line of the parent's log says, and an alarm needs. The lines: record-end and report-attested of infra/parent. */
export const LOG_METRICS = {
  'certificate-failures':
    '{ $.event = "service_ended" && $.unit = "communique-acme.service" && $.result != "success" }',
  'launch-failures': '{ $.event = "launch_never_attested" || $.event = "launch_without_certificate" }',
} as const;

/** A filter gives its metric no dimension of its own, so the stack is in the name. */
export const logMetricName = (stack: string, metric: keyof typeof LOG_METRICS): string => `${stack}-${metric}`;

export class LogMetrics extends Part {
  constructor(
    name: string,
    { stack, logGroupName }: { stack: string; logGroupName: string },
    options: ComponentResourceOptions,
  ) {
    super('LogMetrics', name, options);
    for (const [metric, pattern] of Object.entries(LOG_METRICS) as [keyof typeof LOG_METRICS, string][]) {
      new LogMetricFilter(
        `${name}-${metric}`,
        {
          name: `${name}-${metric}`,
          logGroupName,
          pattern,
          metricTransformation: {
            namespace: METRIC_NAMESPACE,
            name: logMetricName(stack, metric),
            value: '1',
            defaultValue: '0',
          },
        },
        this.child(),
      );
    }
    this.registerOutputs({});
  }
}
