import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import { LogMetricFilter } from '@pulumi/aws/cloudwatch/logMetricFilter.js';
import { FlowLog } from '@pulumi/aws/ec2/flowLog.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import type { ComponentResourceOptions, Input, Output } from '@pulumi/pulumi';
import { METRIC_NAMESPACE } from '../../parent/src';
import { BUILD_LOG, type Place } from '../names';
import { trust } from '@communique-tee/key-policies';
import { flowLogPolicy } from '../policies/service-roles';
import { Part } from './part';

export interface LogsArgs {
  /** The prefix of each group's name, for example `/communique-tee/prod`. */
  prefix: string;
  names: readonly string[];
  /** Groups whose names AWS chooses, by part. If this program did not make them, AWS would, and their logs would never expire. */
  namedByAws?: Readonly<Record<string, string>>;
  retentionDays: number;
  /** Whether the groups have deletion protection. */
  keep: boolean;
}

/** A stack's log groups, encrypted by CloudWatch, each with a retention time. */
export class Logs extends Part {
  readonly groups: ReadonlyMap<string, { name: string; arn: Output<string> }>;

  constructor(
    name: string,
    { prefix, names, namedByAws = {}, retentionDays, keep }: LogsArgs,
    options: ComponentResourceOptions,
  ) {
    super('Logs', name, options);
    this.groups = new Map(
      [...names.map((part) => [part, `${prefix}/${part}`] as const), ...Object.entries(namedByAws)].map(
        ([part, group]) => {
          // The log of image builds says nothing about the running service, so it needs no protection.
          const kept = keep && part !== BUILD_LOG;
          const made = new LogGroup(
            `${name}-${part}`,
            { name: group, retentionInDays: retentionDays, deletionProtectionEnabled: kept, tags: { Name: group } },
            this.child({ protect: kept }),
          );
          return [part, { name: group, arn: made.arn }];
        },
      ),
    );
    this.registerOutputs({});
  }

  group(part: string): { name: string; arn: Output<string> } {
    const group = this.groups.get(part);
    if (!group) throw new Error(`there is no log group ${part}`);
    return group;
  }
}

/** Metrics for alarms, which CloudWatch counts from the log lines of the scripts record-end and report-attested (infra/parent). */
export const LOG_METRICS = {
  'certificate-failures': {
    group: 'parent',
    pattern: '{ $.event = "service_ended" && $.unit = "communique-acme.service" && $.result != "success" }',
  },
  'launch-failures': {
    group: 'parent',
    pattern: '{ $.event = "launch_never_attested" || $.event = "launch_without_certificate" }',
  },
  'gateway-crashes': {
    group: 'gateway',
    pattern: '{ $.event = "service_ended" && $.unit = "communique-gateway.service" && $.result != "success" }',
  },
} as const;

type LogMetric = keyof typeof LOG_METRICS;

/** The metric's name contains the stack, because these filters set no dimension. */
export const logMetricName = (stack: string, metric: LogMetric): string => `${stack}-${metric}`;

export class LogMetrics extends Part {
  constructor(name: string, { stack, logs }: { stack: string; logs: Logs }, options: ComponentResourceOptions) {
    super('LogMetrics', name, options);
    for (const [metric, { group, pattern }] of Object.entries(LOG_METRICS)) {
      new LogMetricFilter(
        `${name}-${metric}`,
        {
          name: `${name}-${metric}`,
          logGroupName: logs.group(group).name,
          pattern,
          metricTransformation: {
            namespace: METRIC_NAMESPACE,
            name: logMetricName(stack, metric as LogMetric),
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

export interface FlowLogsArgs {
  place: Place;
  vpcId: Input<string>;
  logGroup: { name: string; arn: Input<string> };
}

/** Logs of the network's connections in both directions, accepted and rejected. */
export class FlowLogs extends Part {
  constructor(name: string, { place, vpcId, logGroup }: FlowLogsArgs, options: ComponentResourceOptions) {
    super('FlowLogs', name, options);
    const role = new Role(
      name,
      { name, assumeRolePolicy: JSON.stringify(trust('vpc-flow-logs.amazonaws.com', place.accountId)) },
      this.child(),
    );
    const rolePolicy = new RolePolicy(
      name,
      { name, role: role.id, policy: JSON.stringify(flowLogPolicy(place, logGroup.name)) },
      this.child(),
    );
    new FlowLog(
      name,
      {
        vpcId,
        trafficType: 'ALL',
        logDestinationType: 'cloud-watch-logs',
        logDestination: logGroup.arn,
        iamRoleArn: role.arn,
        maxAggregationInterval: 60,
        tags: { Name: name },
      },
      this.child({ dependsOn: rolePolicy }),
    );
    this.registerOutputs({});
  }
}
